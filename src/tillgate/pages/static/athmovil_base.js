// The payment button of the phone wallet's API.
//
// A page has <div id="ATHMovil_Checkout_Button_payment">, says in ATHM_Checkout what is to be paid, and defines
// authorizationATHM(), cancelATHM() and expiredATHM(), of which one is called when a payment is over, with what
// findPaymentATHM() would answer. It may call authorization() and findPaymentATHM(), which answer as the API does:
// {status, data} or {status, message, errorcode, data: null}.
//
// Nothing here is written into the page's own styles, and nothing is loaded but answers of the API beside this file.
(() => {
  "use strict"

  const OURS = /\/(?:api\/(?:modal\/)?)?js\/athmovil_base(?:-[0-9a-f]+)?\.js(?:[?#].*)?$/
  const HOLDER = "ATHMovil_Checkout_Button_payment"
  const HERE = Symbol.for("athmovil_base.js")

  const WORDS = {
    en: {
      pay: "Pay with ATH Móvil",
      close: "Close",
      cancel: "Cancel payment",
      phone: "Phone number",
      hint: "Ten digits: the phone on which you confirm payments.",
      wrong: "Enter the ten digits of your phone number.",
      next: "Continue",
      moment: "One moment…",
      confirm: "Confirm on your phone",
      sent: "This payment was sent to {phone}. Open the app there and confirm it.",
      left: "Time left",
      hurry: "One minute left.",
      other: "Use another number",
      completing: "Completing your payment…",
      stay: "You have confirmed. Please keep this page open.",
      offline: "No connection. Trying again…",
      failed: "This payment cannot be made",
      lost: "The payment service does not answer. Try again in a moment.",
      paid: "Paid: {amount}. Thank you!",
      canceled: "The payment was canceled. Nothing was charged.",
      expired: "The time to confirm ran out. Nothing was charged.",
    },
    es: {
      pay: "Pagar con ATH Móvil",
      close: "Cerrar",
      cancel: "Cancelar el pago",
      phone: "Número de teléfono",
      hint: "Diez dígitos: el teléfono en el que confirmas tus pagos.",
      wrong: "Escribe los diez dígitos de tu número de teléfono.",
      next: "Continuar",
      moment: "Un momento…",
      confirm: "Confirma en tu teléfono",
      sent: "Enviamos este pago al {phone}. Abre allí la aplicación y confírmalo.",
      left: "Tiempo restante",
      hurry: "Queda un minuto.",
      other: "Usar otro número",
      completing: "Completando tu pago…",
      stay: "Ya confirmaste. No cierres esta página.",
      offline: "Sin conexión. Intentando de nuevo…",
      failed: "No se puede hacer este pago",
      lost: "El servicio de pagos no responde. Intenta de nuevo en un momento.",
      paid: "Pagado: {amount}. ¡Gracias!",
      canceled: "El pago fue cancelado. No se cobró nada.",
      expired: "Se acabó el tiempo para confirmar. No se cobró nada.",
    },
  }

  // ---- What the page says. It may be a const, which is no property of window, and may be said after this file ran.

  const said = () => {
    try {
      return typeof ATHM_Checkout === "object" ? ATHM_Checkout : null
    } catch {
      return null
    }
  }

  const callbacks = {
    authorizationATHM: () => (typeof authorizationATHM === "function" ? authorizationATHM : null),
    cancelATHM: () => (typeof cancelATHM === "function" ? cancelATHM : null),
    expiredATHM: () => (typeof expiredATHM === "function" ? expiredATHM : null),
  }

  const language = () => (/^es/i.test(said()?.lang || document.documentElement.lang) ? "es" : "en")

  const theme = () => (["btn-dark", "btn-light"].includes(said()?.theme) ? said().theme : "btn")

  const digits = (number) => String(number ?? "").replace(/\D/g, "").replace(/^1(?=\d{10}$)/, "")

  // As the API reads it: seconds, or milliseconds where it can be nothing else.
  const seconds = (timeout) => {
    const given = Number(timeout ?? "")
    if (String(timeout ?? "") === "" || Number.isNaN(given)) return 600
    if (given >= 120_000 && given <= 600_000) return given / 1_000
    return given > 600 ? 600 : Math.max(given, 120)
  }

  // ---- Asking the server, which may be out of reach for a while.

  // A page whose HTML others write to may have an element by that name, which leads elsewhere.
  const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : ""
  const script = own || document.querySelector('script[src*="/js/athmovil_base"]')?.src || ""
  const base = script.replace(OURS, "") + "/api/business-transaction/ecommerce/"

  // Neither says no: the one never arrived, or its answer did not, and the other may go well later.
  class Lost extends Error {
    constructor(message, retry_after = 0) {
      super(message)
      this.wait = 1_000 * (Number(retry_after) || 0)
    }
  }

  async function once(words, method, path, body, token) {
    const headers = { "Content-Type": "application/json", "Accept-Language": words }
    if (token) headers.Authorization = `Bearer ${token}`
    const asked = { method, headers, body: JSON.stringify(body), credentials: "omit" }
    let response, answer
    try {
      response = await fetch(base + path, { ...asked, signal: AbortSignal.timeout(30_000) })
      answer = await response.json()
    } catch {
      throw new Lost(WORDS[words].lost)
    }
    if (response.status === 429 || response.status >= 500) {
      throw new Lost(answer.message, response.headers.get("Retry-After"))
    }
    return answer
  }

  // ---- One payment, from the click to its end.

  class Payment {
    constructor(order, words) {
      this.order = order
      this.words = words
      this.sleepers = new Set()
      this.deadline = Date.now() + 1_000 * seconds(order.timeout)
      this.view = new View(order, words, () => this.leave())
      this.view.ask(digits(said().phoneNumber), (phone) => this.send(phone))
      this.opening = this.open()
    }

    // Everything that is asked may be asked again. A ticket that was opened twice is paid once, for only the one that
    // this page knows is ever given a phone; to authorize or cancel once more finds done what was done.
    async ask(tries, method, path, body) {
      for (let tried = 1; ; tried += 1) {
        try {
          const answer = await once(this.words, method, path, body, this.ticket?.auth_token)
          this.view.connected(true)
          return answer
        } catch (lost) {
          if (!(lost instanceof Lost) || tried >= tries) throw lost
          this.view.connected(false)
          await this.sleep(Math.max(lost.wait, Math.min(500 * 2 ** tried, 8_000)))
        }
      }
    }

    sleep(milliseconds) {
      return new Promise((resolve) => {
        const wake = () => {
          clearTimeout(timer)
          this.sleepers.delete(wake)
          resolve()
        }
        const timer = setTimeout(wake, milliseconds)
        this.sleepers.add(wake)
      })
    }

    wake() {
      for (const wake of this.sleepers) wake()
    }

    async open() {
      let answer
      try {
        answer = await this.ask(4, "POST", "payment", { ...this.order, phoneNumber: "" })
      } catch (lost) {
        answer = { status: "error", message: lost.message, errorcode: "BTRA_0015", data: null }
      }
      if (answer.status !== "success") return this.refused(answer)
      this.ticket = answer.data
      this.deadline = Date.now() + 1_000 * seconds(this.order.timeout)
      this.watch()
    }

    async send(phone) {
      await this.opening
      if (this.is_over) return
      const body = { ecommerceId: this.ticket.ecommerceId, phoneNumber: phone }
      const answer = await this.ask(4, "PUT", "business/updatePhoneNumber", body)
      // That somebody has confirmed meanwhile is found out next.
      if (answer.status !== "success" && answer.errorcode !== "BTRA_0041") throw new Error(answer.message)
      this.is_sent = true
      if (this.is_over || this.is_completing) return
      this.view.wait(phone, this.deadline, () => this.view.ask(phone, (other) => this.send(other)))
      this.wake()
    }

    async find(tries = Infinity) {
      return this.ticket ? this.ask(tries, "POST", "business/findPayment", this.named) : this.refusal
    }

    // However often this is called, it is asked for once, unless the answer is no.
    async authorize() {
      if (!this.ticket) return this.refusal
      this.authorizing ??= this.ask(Infinity, "POST", "authorization", {})
      const answer = await this.authorizing
      if (answer.status !== "success") this.authorizing = null
      return answer
    }

    get named() {
      return { ecommerceId: this.ticket.ecommerceId, publicToken: this.order.publicToken }
    }

    async watch() {
      let wait = 800
      while (!this.is_over) {
        // Until a phone rings nothing can happen but that the time runs out.
        await this.sleep(this.is_sent ? wait : Math.max(this.deadline - Date.now(), 1_000))
        if (this.is_sent) wait = Math.min(wait * 1.15, 4_000)
        if (!this.is_over) await this.look()
      }
    }

    async look() {
      const found = await this.find()
      if (found.data) this.view.merchant(found.data.businessName)
      if (found.status !== "success") this.refused(found)
      else if (found.data.ecommerceStatus === "CONFIRM") await this.complete()
      else await this.settle(found)
    }

    async complete() {
      if (this.is_over) return
      this.is_completing = true
      this.view.completing()
      const answer = await this.authorize()
      if (answer.status === "success") return this.end("authorizationATHM", "paid", answer)
      const found = await this.find()
      await this.settle(found)
      this.refused(answer)
    }

    // That it was canceled, by whomever, does not say why: an authorization, which takes nothing now, does.
    async settle(found) {
      const status = found.data?.ecommerceStatus
      if (status === "COMPLETED") this.end("authorizationATHM", "paid", found)
      if (status !== "CANCEL" || this.is_over) return
      const is_late = (await this.authorize()).errorcode === "BTRA_0039"
      this.end(is_late ? "expiredATHM" : "cancelATHM", is_late ? "expired" : "canceled", found)
    }

    // The customer is told why; the page once they have read it.
    refused(answer) {
      if (this.is_over) return
      this.is_over = true
      this.is_completing = false
      this.refusal = answer
      this.view.failed(answer.message)
      this.giving_up = this.give_up()
    }

    // The customer wants no more of it.
    async leave() {
      if (this.is_completing || this.is_left || this.is_told) return
      this.is_left = true
      this.view.close()
      this.giving_up ??= this.give_up()
      const found = await this.giving_up
      const is_paid = found?.data?.ecommerceStatus === "COMPLETED"
      this.tell(is_paid ? "authorizationATHM" : "cancelATHM", is_paid ? "paid" : "canceled", found)
    }

    // Where nobody answers the ticket ends by itself, and nobody is left to authorize it.
    async give_up() {
      this.is_over = true
      this.wake()
      await this.opening
      if (!this.ticket) return this.refusal
      try {
        await this.ask(3, "POST", "business/cancel", this.named)
        return await this.find(3)
      } catch {
        return { status: "error", message: WORDS[this.words].lost, errorcode: "BTRA_0015", data: null }
      }
    }

    // The page is left: a beacon gets through where there is no time to wait for an answer.
    abandon() {
      if (!this.ticket || this.is_over || this.is_completing) return
      navigator.sendBeacon(`${base}business/cancel`, JSON.stringify(this.named))
    }

    end(callback, words, answer) {
      if (this.is_over) return
      this.is_over = true
      this.view.close()
      this.tell(callback, words, answer)
    }

    tell(callback, words, answer) {
      this.is_told = true
      announce(WORDS[this.words][words].replace("{amount}", this.view.amount))
      const called = callbacks[callback]()
      if (called) called(answer)
      else console.warn(`athmovil_base.js: the page defines no ${callback}()`)
    }
  }

  // ---- The looks: in shadow trees, so that the page's styles and these do not meet.

  const COLORS = `
    :host { --paper: #fff; --ink: #1c1917; --quiet: #5f5852; --line: #e7e2de; --field: #857c75; --soft: #fff1e7;
      --accent: #bf4009; --over: #9a3206; --on: #fff; --bad: #b3261e; --good: #0d7a4a }
    :host([data-theme="btn-dark"]) { --paper: #1c1917; --ink: #fafaf9; --quiet: #b5ada6; --line: #3a3531;
      --field: #8d857e; --soft: #2b2622; --accent: #fdba74; --over: #fed7aa; --on: #1c1917; --bad: #ffa198;
      --good: #5fd49b }
    :host([data-theme="btn-light"]) { --soft: #f3f1ef; --accent: #1c1917; --over: #3f3a36 }`

  // What is important in here is more so than what is important on the page.
  const BUTTON = `
    div { display: flex; flex-direction: column; gap: 8px; width: 100%; max-width: 320px }
    ::slotted(button) { all: initial !important; box-sizing: border-box !important; display: flex !important;
      align-items: center !important; justify-content: center !important; gap: 10px !important;
      inline-size: 100% !important; min-block-size: 50px !important; padding: 10px 20px !important;
      border: 1.5px solid #bf4009 !important; border-radius: 12px !important; background: #bf4009 !important;
      color: #fff !important; font: 600 17px/1.2 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif !important;
      cursor: pointer !important; -webkit-tap-highlight-color: transparent !important;
      touch-action: manipulation !important }
    ::slotted(button)::before { all: initial !important; content: "" !important; box-sizing: border-box !important;
      flex: none !important; inline-size: 15px !important; block-size: 24px !important;
      border: 2px solid #fff !important; border-block-end-width: 5px !important; border-radius: 4px !important;
      pointer-events: none !important }
    ::slotted(button)::after { content: none !important }
    ::slotted(button:hover) { background: #9a3206 !important }
    ::slotted(button:focus-visible) { outline: 3px solid #1d4fd8 !important; outline-offset: 3px !important }
    ::slotted(button[data-theme="btn-dark"]) { background: #1c1917 !important; border-color: #1c1917 !important }
    ::slotted(button[data-theme="btn-dark"]:hover) { background: #3f3a36 !important }
    ::slotted(button[data-theme="btn-light"]) { background: #fff !important; border-color: #857c75 !important;
      color: #1c1917 !important }
    ::slotted(button[data-theme="btn-light"])::before { border-color: #bf4009 !important }
    ::slotted(button[data-theme="btn-light"]:hover) { background: #f3f1ef !important }
    p { all: initial; font: 15px/1.4 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; color: inherit }
    p:empty { display: none }`

  const DIALOG = `${COLORS}
    :host { all: initial !important; display: contents !important }
    *, ::before, ::after { box-sizing: border-box }
    * { margin: 0 }
    [hidden] { display: none !important }
    dialog { inline-size: min(400px, 100% - 32px); max-block-size: calc(100% - 32px); padding: 0; margin: auto;
      border: 0; border-radius: 20px; overflow: auto; overscroll-behavior: contain; background: var(--paper);
      color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif;
      overflow-wrap: anywhere;
      box-shadow: 0 24px 64px rgb(0 0 0 / .3) }
    dialog::backdrop { background: rgb(20 16 12 / .55) }
    .head { display: flex; align-items: center; gap: 10px; min-block-size: 68px; padding: 12px 14px 12px 24px;
      border-block-end: 1px solid var(--line); font-weight: 600 }
    .head::before { content: ""; flex: none; inline-size: 14px; block-size: 24px; border: 2px solid var(--accent);
      border-block-end-width: 5px; border-radius: 4px }
    .head span { flex: 1 }
    .body { padding: 20px 24px 24px }
    .told, .amount { text-align: center }
    .amount { font-size: 34px; line-height: 1.15; font-weight: 700; letter-spacing: -.02em;
      font-variant-numeric: tabular-nums; margin-block-end: 20px }
    h2 { font-size: 21px; line-height: 1.25; letter-spacing: -.01em; margin-block-end: 6px }
    h2:focus { outline: none }
    .quiet { color: var(--quiet) }
    label { display: block; font-weight: 600; margin-block-end: 6px }
    input { inline-size: 100%; min-block-size: 52px; padding: 8px 14px; border: 1.5px solid var(--field);
      border-radius: 12px; background: var(--paper); color: var(--ink); font: inherit; font-size: 20px;
      font-weight: 600; letter-spacing: .04em }
    input[aria-invalid="true"] { border-color: var(--bad) }
    .hint { font-size: 15px; color: var(--quiet); margin-block: 8px 18px }
    .wrong { color: var(--bad); font-weight: 600; font-size: 15px; margin-block-start: 8px }
    .wrong:empty, .status:empty, .wrong:not(:empty) + .hint { display: none }
    .wrong { margin-block-end: 18px }
    button { display: block; inline-size: 100%; min-block-size: 48px; padding: 10px 16px;
      border: 1.5px solid var(--field); border-radius: 12px; background: transparent; color: inherit;
      font: inherit; font-weight: 600; cursor: pointer; touch-action: manipulation }
    button + button, form + button { margin-block-start: 10px }
    .primary { background: var(--accent); border-color: var(--accent); color: var(--on) }
    .primary[aria-disabled="true"] { opacity: .65; cursor: default }
    .plain { border-color: transparent; color: var(--quiet) }
    .x { inline-size: 44px; min-block-size: 44px; padding: 0; border-color: transparent; position: relative }
    .x::before, .x::after { content: ""; position: absolute; inset: 20px 12px auto;
      border-block-start: 2px solid var(--quiet); transform: rotate(45deg) }
    .x::after { transform: rotate(-45deg) }
    @media (hover: hover) { button:hover { background: var(--soft) }
      .primary:hover { background: var(--over); border-color: var(--over) } }
    :focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
    input:focus-visible { outline-offset: 0 }
    .sign { position: relative; inline-size: 44px; block-size: 76px; margin: 34px auto 44px;
      border: 3px solid var(--accent); border-block-end-width: 10px; border-radius: 10px; background: var(--paper) }
    .sign::before, .sign::after { content: ""; position: absolute; inset: -26px -42px -33px; border-radius: 50%;
      border: 3px solid var(--accent); opacity: 0; animation: ring 2.2s ease-out infinite }
    .sign::after { animation-delay: 1.1s }
    .wheel { inline-size: 48px; block-size: 48px; margin: 12px auto 20px; border-radius: 50%;
      border: 4px solid var(--line); border-block-start-color: var(--accent); animation: turn .9s linear infinite }
    .time { margin-block: 14px 20px; font-variant-numeric: tabular-nums; color: var(--quiet) }
    .time b { color: var(--ink) }
    .status { margin-block-start: 14px; padding: 10px 14px; border-radius: 10px; background: var(--soft);
      font-size: 15px }
    .bad { inline-size: 52px; block-size: 52px; margin: 4px auto 16px; border: 3px solid var(--bad); border-radius: 50%;
      display: grid; place-content: center; font: 700 28px/1 sans-serif; color: var(--bad) }
    .why { margin-block-end: 20px }
    @keyframes ring { from { transform: scale(.55); opacity: .55 } to { transform: scale(1.15); opacity: 0 } }
    @keyframes turn { to { transform: rotate(1turn) } }
    @media (max-width: 480px) { dialog { inline-size: 100%; max-inline-size: 100%; margin-block-end: 0;
      max-block-size: calc(100% - 24px); border-end-start-radius: 0; border-end-end-radius: 0 } }
    @media (prefers-reduced-motion: reduce) { .sign::before, .sign::after { animation: none; opacity: .3 }
      .sign::after { inset: -14px -28px -21px } .wheel { animation-duration: 6s } }
    @media (forced-colors: active) { dialog, button, .status { border: 1px solid } }`

  function sheet(text) {
    const made = new CSSStyleSheet()
    made.replaceSync(text)
    return made
  }

  function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
  }

  // ---- The window in which a customer says which phone, and waits for it.

  class View {
    constructor(order, words, leave) {
      const text = (this.text = WORDS[words])
      const money = { style: "currency", currency: "USD" }
      this.amount = new Intl.NumberFormat(words === "es" ? "es-PR" : "en-US", money).format(Number(order.total) || 0)
      this.leave = leave
      this.host = make("div", { lang: words, "data-theme": theme() })
      this.name = make("span", { id: "name" }, text.pay)
      this.x = this.button("x", "", leave)
      this.x.setAttribute("aria-label", text.close)
      this.panel = make("div")
      this.status = make("p", { class: "status", role: "status" })
      this.dialog = make(
        "dialog",
        { "aria-labelledby": "name" },
        make("div", { class: "head" }, this.name, this.x),
        make("div", { class: "body" }, make("p", { class: "amount" }, this.amount), this.panel, this.status),
      )
      const root = this.host.attachShadow({ mode: "open" })
      root.adoptedStyleSheets = [sheet(DIALOG)]
      root.append(this.dialog)
      this.dialog.addEventListener("cancel", (event) => {
        event.preventDefault()
        leave()
      })
      // A browser closes it all the same where Escape is pressed again and again.
      this.dialog.addEventListener("close", leave)
      document.body.append(this.host)
      this.dialog.showModal()
    }

    // The number is asked for while the ticket is being opened.
    ask(phone, send) {
      const text = this.text
      const asked = { type: "tel", autocomplete: "tel-national", maxlength: "24", "aria-describedby": "wrong hint" }
      const input = make("input", { id: "phone", required: "", ...asked })
      const wrong = make("p", { id: "wrong", class: "wrong", role: "alert" })
      const next = make("button", { class: "primary" }, text.next)
      const label = make("label", { for: "phone" }, text.phone)
      const hint = make("p", { id: "hint", class: "hint" }, text.hint)
      const form = make("form", { novalidate: "" }, label, input, wrong, hint, next)
      const refuse = (message) => {
        wrong.textContent = message
        input.setAttribute("aria-invalid", String(message !== ""))
        if (message) input.focus()
      }
      const busy = (is_busy) => {
        next.setAttribute("aria-disabled", String(is_busy))
        next.textContent = is_busy ? text.moment : text.next
      }
      form.addEventListener("submit", async (event) => {
        event.preventDefault()
        if (next.textContent === text.moment) return
        const number = digits(input.value)
        refuse(number.length === 10 ? "" : text.wrong)
        if (number.length !== 10) return
        busy(true)
        try {
          await send(number)
        } catch (error) {
          busy(false)
          refuse(error.message)
        }
      })
      input.value = phone
      this.show(form, this.button("plain", text.cancel, this.leave))
      input.focus()
    }

    wait(phone, deadline, change) {
      const text = this.text
      const number = `(${phone.slice(0, 3)}) ${phone.slice(3, 6)}-${phone.slice(6)}`
      const time = make("b", { role: "timer" })
      this.titled(
        make("div", { class: "sign", "aria-hidden": "true" }),
        text.confirm,
        make("p", { class: "quiet" }, text.sent.replace("{phone}", number)),
        make("p", { class: "time" }, `${text.left} `, time),
        this.button("", text.other, change),
        this.button("plain", text.cancel, this.leave),
      )
      let was_left = Infinity
      const tick = () => {
        const left = Math.max(Math.ceil((deadline - Date.now()) / 1_000), 0)
        time.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`
        if (left <= 60 && was_left > 60) this.status.textContent = text.hurry
        was_left = left
      }
      tick()
      this.ticking = setInterval(tick, 1_000)
    }

    completing() {
      const wheel = make("div", { class: "wheel", "aria-hidden": "true" })
      this.titled(wheel, this.text.completing, make("p", { class: "quiet" }, this.text.stay))
      this.x.hidden = true
    }

    failed(message) {
      this.titled(
        make("div", { class: "bad", "aria-hidden": "true" }, "!"),
        this.text.failed,
        make("p", { class: "quiet why", role: "alert" }, message),
        this.button("primary", this.text.close, this.leave),
      )
      this.x.hidden = false
      if (!this.dialog.open) this.dialog.showModal()
    }

    merchant(name) {
      this.name.textContent = name
    }

    connected(is_connected) {
      const { status, text } = this
      if (!is_connected) status.textContent = text.offline
      else if (status.textContent === text.offline) status.textContent = ""
    }

    close() {
      clearInterval(this.ticking)
      this.dialog.close()
      this.host.remove()
    }

    titled(sign, text, ...children) {
      const title = make("h2", { tabindex: "-1" }, text)
      this.show(sign, title, ...children)
      this.panel.className = "told"
      title.focus()
    }

    show(...children) {
      clearInterval(this.ticking)
      this.status.textContent = ""
      this.panel.className = ""
      this.panel.replaceChildren(...children)
    }

    button(kind, text, pressed) {
      const made = make("button", { class: kind, type: "button" }, text)
      made.addEventListener("click", pressed)
      return made
    }
  }

  // ---- The button. It is the page's own child, so that the page's code finds and presses it.

  const holders = new WeakMap()
  let current = null

  function mount() {
    const holder = document.getElementById(HOLDER)
    // What is said a little further down on the page decides how the button looks.
    if (!holder || (!said() && document.readyState === "loading")) return
    if (!holders.has(holder)) holders.set(holder, dressed(holder))
    const { button } = holders.get(holder)
    const text = WORDS[language()].pay
    if (button.textContent !== text) button.textContent = text
    button.lang = language()
    button.dataset.theme = theme()
    if (button.parentNode !== holder) holder.append(button)
  }

  // What else is in the holder is not shown any more; it may be somebody's who takes it away again.
  function dressed(holder) {
    const root = holder.attachShadow({ mode: "open" })
    root.adoptedStyleSheets = [sheet(BUTTON)]
    const told = make("p", { role: "status" })
    root.append(make("div", {}, make("slot", { name: "athm" }), told))
    const button = make("button", { type: "button", slot: "athm", "aria-haspopup": "dialog" })
    button.addEventListener("click", pressed)
    return { button, told }
  }

  function announce(text) {
    const holder = holders.get(document.getElementById(HOLDER))
    if (holder) holder.told.textContent = text
  }

  function pressed() {
    if (current && !current.is_told) return
    mount()
    announce("")
    const words = language()
    if (!said()) return console.error("athmovil_base.js: the page does not define ATHM_Checkout")
    const { env, publicToken, timeout, total, tax, subtotal, metadata1, metadata2, items } = said()
    const order = { env, publicToken, timeout, total, tax, subtotal, metadata1, metadata2, items }
    current = new Payment(order, words)
  }

  // ---- What the page may call, and what happens to it.

  const none = async () => {
    throw new Error("athmovil_base.js: no payment was begun")
  }

  if (!document[HERE]) {
    document[HERE] = true
    window.authorization = () => (current ? current.authorize() : none())
    window.findPaymentATHM = () => (current ? current.find() : none())
    new MutationObserver(mount).observe(document, { childList: true, subtree: true })
    document.addEventListener("DOMContentLoaded", mount)
    window.addEventListener("load", mount)
    window.addEventListener("pagehide", () => current?.abandon())
    // Who comes back from their phone, or into reach, is not kept waiting.
    for (const event of ["online", "focus"]) window.addEventListener(event, () => current?.wake())
    document.addEventListener("visibilitychange", () => current?.wake())
    mount()
  }
})()
