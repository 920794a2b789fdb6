// Ateni.js: cards are taken on a merchant's own page, in fields that are a frame of ours.
//
//   const ateni = Ateni("pk_test_…")
//   const card = ateni.elements().create("card")
//   card.mount("#card")
//   const { paymentIntent, error } = await ateni.confirmCardPayment(clientSecret, { payment_method: { card } })
//
// The card's number never reaches the page: its frame sends it to the server by itself, and tells the page no more than
// brand, completeness, what is wrong, and the server's answer. Types, and what each function takes, are in ateni.d.ts.
// Nothing is loaded but the frame and answers of the API beside this file, and nothing is written into the page's styles.
(() => {
  "use strict"

  const OURS = /\/js\/ateni(?:-[0-9a-f]+)?\.js(?:[?#].*)?$/
  // A page whose HTML others write to may have an element by that name, which leads elsewhere.
  const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : ""
  const script = own || document.querySelector('script[src*="/js/ateni"]')?.src || ""
  const base = script.replace(OURS, "")
  const origin = new URL(base || location.href).origin

  const PATIENCE = 60_000
  const LOADS = 20_000
  const SPEAKS = 3_000

  const WORDS = {
    en: {
      frame: "Card details",
      bank: "Confirm your payment",
      close: "Close",
      elsewhere: "Open in a new window",
      left: "The confirmation was closed before your bank had an answer. Nothing was charged; you can try again.",
      lost: "The payment service cannot be reached. Check your connection and try again.",
      unknown: "The connection was lost, and it is not known yet whether you have paid. Check before you pay again.",
    },
    es: {
      frame: "Datos de la tarjeta",
      bank: "Confirma tu pago",
      close: "Cerrar",
      elsewhere: "Abrir en una ventana nueva",
      left: "La confirmación se cerró antes de que tu banco tuviera respuesta. No se cobró nada; puedes intentarlo de nuevo.",
      lost: "No se puede acceder al servicio de pagos. Revisa tu conexión e inténtalo de nuevo.",
      unknown: "Se perdió la conexión y aún no se sabe si has pagado. Compruébalo antes de volver a pagar.",
    },
    de: {
      frame: "Kartendaten",
      bank: "Zahlung bestätigen",
      close: "Schließen",
      elsewhere: "In einem neuen Fenster öffnen",
      left: "Die Bestätigung wurde geschlossen, bevor deine Bank eine Antwort hatte. Es wurde nichts abgebucht; du kannst es noch einmal versuchen.",
      lost: "Der Zahlungsdienst ist nicht erreichbar. Prüfe deine Verbindung und versuche es noch einmal.",
      unknown: "Die Verbindung ist abgerissen, und es ist noch nicht bekannt, ob du bezahlt hast. Prüfe das, bevor du noch einmal bezahlst.",
    },
  }

  const language = (locale) => {
    const wanted = !locale || locale === "auto" ? navigator.languages : [locale]
    return wanted.map((one) => String(one).slice(0, 2).toLowerCase()).find((one) => Object.hasOwn(WORDS, one)) ?? "en"
  }

  const failed = (type, code, message, param = null) => ({ error: { type, code, message, param } })

  const misused = (message, param) => failed("invalid_request_error", "parameter_invalid", message, param)

  // ---- Asking the server, which may be out of reach for a while.

  // Neither says no: the one never arrived, or its answer did not, and the other may go well later.
  class Lost extends Error {
    constructor(answer, retry_after) {
      super("lost")
      this.answer = answer
      this.wait = 1_000 * (Number(retry_after) || 0)
    }
  }

  const unique = () => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")

  async function once(key, path, body, once_only) {
    const headers = { Authorization: `Bearer ${key}` }
    if (body) Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": once_only })
    const asked = { method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body), credentials: "omit" }
    let response, answer
    try {
      response = await fetch(base + path, { ...asked, cache: "no-store", signal: AbortSignal.timeout(30_000) })
      answer = await response.json()
    } catch {
      throw new Lost()
    }
    const { status } = response
    if (status === 409 || status === 429 || status >= 500) throw new Lost(answer, response.headers.get("Retry-After"))
    return answer
  }

  const sleepers = new Set()
  addEventListener("online", () => sleepers.forEach((wake) => wake()))

  const nap = (milliseconds) =>
    new Promise((resolve) => {
      const wake = () => resolve(sleepers.delete(wake))
      sleepers.add(wake)
      setTimeout(wake, milliseconds)
    })

  // One server, asked with one key in one language. What is asked again bears the same Idempotency-Key: it is done once.
  const server = (key, words) => {
    async function ask(path, body, unless = words.lost) {
      const [once_only, until] = [unique(), Date.now() + PATIENCE]
      for (let tried = 1; ; tried += 1) {
        try {
          return await once(key, path, body, once_only)
        } catch (lost) {
          if (!(lost instanceof Lost)) throw lost
          const wait = Math.max(lost.wait, Math.min(250 * 2 ** tried, 8_000))
          if (Date.now() + wait > until) return lost.answer ?? failed("api_connection_error", "connection_lost", unless)
          await nap(wait)
        }
      }
    }
    return {
      make: (what, given) => ask(`/v1/${what}`, given),
      confirm: ({ path, secret }, given) => ask(`${path}/confirm`, { ...given, client_secret: secret }, words.unknown),
      // Of no answer nothing is made: what was asked at the bank ends by itself, too.
      leave: ({ secret }) => {
        const asked = { method: "POST", headers: { Authorization: `Bearer ${key}` }, credentials: "omit", keepalive: true }
        return fetch(`${base}/elements/leave`, { ...asked, body: new URLSearchParams({ client_secret: secret }) }).catch(() => {})
      },
      read: ({ path, secret }) => ask(secret ? `${path}?client_secret=${encodeURIComponent(secret)}` : path),
    }
  }

  const told = (name, answer) => (answer.error ? { error: { param: null, ...answer.error } } : { [name]: answer })

  // ---- An intent, by its client secret.

  const PAYMENT = { prefix: "pi", path: "/v1/payment_intents/", name: "paymentIntent", shown: "payment_intent", failure: "last_payment_error" }
  const SETUP = { prefix: "seti", path: "/v1/setup_intents/", name: "setupIntent", shown: "setup_intent", failure: "last_setup_error" }

  function intent(kind, secret) {
    const id = new RegExp(`^(${kind.prefix}_\\w+)_secret_\\w+$`).exec(secret)?.[1]
    return id && { ...kind, path: kind.path + id, secret }
  }

  const waits = (found) => found.status === "requires_action" && found.next_action?.redirect_to_url?.url

  // A no that was said on the bank's page, and not in an answer of ours.
  function judged(about, found) {
    const failure = !found.error && found.status === "requires_payment_method" && found[about.failure]
    return failure ? { error: { ...failure, [about.shown]: found } } : found
  }

  // The customer has to prove at their bank who they are: over the page, or on the way to return_url where the bank's
  // page is not one of ours. What came of it is asked of the server, for nobody else knows.
  async function acted(at, words, about, first) {
    const url = waits(first)
    if (!url) return first
    const page = new URL(url)
    const is_ours = page.origin === origin
    if (!is_ours && first.next_action.redirect_to_url.return_url) {
      location.assign(page)
      return new Promise(() => {})
    }
    if (is_ours) page.searchParams.set("framed", "")
    const overlay = new Overlay(words, String(page), is_ours)
    let found = first
    while (waits(found) === url && !overlay.is_left) {
      await overlay.moves()
      found = await at.read(about)
    }
    overlay.close()
    if (waits(found) !== url) return judged(about, found)
    await at.leave(about)
    found = await at.read(about)
    if (found.error) return found
    const error = { type: "card_error", code: "authentication_failed", message: words.left, param: null }
    return { error: { ...error, [about.shown]: found } }
  }

  // ---- The window over the page, in a shadow tree, so that the page's styles and these do not meet.

  const LOOKS = `
    dialog { box-sizing: border-box; width: min(30rem, 100vw); height: min(44rem, 100vh); max-width: none; max-height: none;
      margin: auto; padding: 0; border: 0; border-radius: 1rem; overflow: hidden; flex-direction: column;
      background: Canvas; color: CanvasText; color-scheme: light dark; font: 16px/1.4 system-ui, sans-serif }
    dialog[open] { display: flex }
    dialog::backdrop { background: rgb(0 0 0 / .55) }
    header, footer { display: flex; align-items: center; padding: .25rem .5rem .25rem 1rem }
    h2 { flex: 1; margin: 0; font-size: 1rem }
    iframe { flex: 1; width: 100%; border: 0 }
    button { min-width: 2.75rem; min-height: 2.75rem; border: 0; border-radius: .5rem; background: none; color: inherit;
      font: 1.5rem/1 system-ui, sans-serif; cursor: pointer }
    a { margin: auto; padding: .6rem; color: LinkText; font-size: .875rem }
    :focus-visible { outline: 3px solid Highlight; outline-offset: -3px }
    @media (max-width: 30rem) { dialog { height: 100vh; height: 100dvh; border-radius: 0 } }`

  function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
  }

  class Overlay {
    constructor(words, url, is_ours) {
      this.host = make("div", { "data-testid": "ateni-overlay" })
      const root = this.host.attachShadow({ mode: "open" })
      const looks = new CSSStyleSheet()
      looks.replaceSync(LOOKS)
      root.adoptedStyleSheets = [looks]
      const x = make("button", { type: "button", "aria-label": words.close }, "×")
      const frame = make("iframe", { title: words.bank, src: url, referrerpolicy: "no-referrer" })
      const name = make("h2", { id: "name" }, words.bank)
      this.dialog = make("dialog", { "aria-labelledby": "name" }, make("header", {}, name, x), frame)
      if (!is_ours) {
        const link = make("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, words.elsewhere)
        this.dialog.append(make("footer", {}, link))
      }
      root.append(this.dialog)
      x.addEventListener("click", () => this.leave())
      this.dialog.addEventListener("close", () => this.leave())
      frame.addEventListener("load", () => {
        this.moment = 250
        this.stir()
        // Escape is pressed in there, where this page does not hear it.
        if (is_ours) attach(frame, {}, () => this.leave())
      })
      document.body.append(this.host)
      this.moment = 1_000
      this.dialog.showModal()
      frame.focus()
    }

    // Until the bank's page is another, or a moment is over: ever longer ones, for those who ask share their merchant's
    // limit, and what came of it is mostly known soon after the page has changed.
    moves() {
      return new Promise((resolve) => {
        this.stir = resolve
        setTimeout(resolve, (this.moment = Math.min(2 * this.moment, 30_000)))
        if (this.is_left) resolve()
      })
    }

    stir() {}

    leave() {
      this.is_left = true
      this.dialog.close()
      this.stir()
    }

    close() {
      this.dialog.close()
      this.host.remove()
    }
  }

  // A frame of ours is given a channel that nobody else has, and nobody who took its place.
  function attach(frame, first, hear) {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = ({ data }) => hear(data)
    frame.contentWindow?.postMessage(first, origin, [port2])
    return port1
  }

  // ---- The element: a frame on the page, which does what it is asked, and tells what happens in it.

  const EVENTS = ["ready", "change", "focus", "blur"]

  const FRAME = { border: "0", display: "block", width: "100%", height: "0", margin: "0", padding: "0" }

  class CardElement {
    #owner
    #options
    #frame = null
    #port = null
    #opened = null
    #asked = new Map()
    #heard = Object.fromEntries(EVENTS.map((event) => [event, new Set()]))

    constructor(owner, options) {
      this.#owner = owner
      this.#options = { ...options }
    }

    mount(place) {
      const holder = typeof place === "string" ? document.querySelector(place) : place
      if (!(holder instanceof Element)) throw new TypeError(`ateni.js: nothing on the page is ${place}`)
      this.unmount()
      const { key, locale } = this.#owner
      const query = new URLSearchParams({ key, ...(locale && { locale }) })
      const frame = make("iframe", { title: this.#owner.words.frame, src: `${base}/elements/card?${query}`, scrolling: "no" })
      for (const [name, value] of Object.entries(FRAME)) frame.style.setProperty(name, value, "important")
      this.#frame = frame
      this.#opened = new Promise((resolve) => {
        let given_up = setTimeout(resolve, LOADS)
        frame.addEventListener("load", () => {
          this.#forget()
          // What is there instead, where this page may not frame it, says nothing.
          clearTimeout(given_up)
          given_up = setTimeout(resolve, SPEAKS)
          const first = { options: this.#told() }
          const port = attach(frame, first, (data) => {
            if (data.event === "ready") {
              this.#port = port
              clearTimeout(given_up)
              resolve()
            }
            this.#hear(data)
          })
        })
      })
      holder.replaceChildren(frame)
    }

    unmount() {
      this.#frame?.remove()
      this.#frame = this.#opened = null
      this.#forget()
    }

    destroy() {
      this.unmount()
    }

    update(options) {
      Object.assign(this.#options, options)
      if (this.#port) this.ask("update", this.#told())
    }

    focus() {
      this.#frame?.focus()
      if (this.#frame) this.ask("focus")
    }

    clear() {
      if (this.#frame) this.ask("clear")
    }

    on(event, handler) {
      if (!this.#heard[event]) throw new TypeError(`ateni.js: there is no event ${event}; there are ${EVENTS.join(", ")}`)
      this.#heard[event].add(handler)
      return this
    }

    off(event, handler) {
      if (handler) this.#heard[event]?.delete(handler)
      else this.#heard[event]?.clear()
      return this
    }

    once(event, handler) {
      const wrapped = (detail) => {
        this.off(event, wrapped)
        handler(detail)
      }
      return this.on(event, wrapped)
    }

    get is_mounted() {
      return Boolean(this.#frame?.isConnected)
    }

    // Not for pages: what a frame is asked is answered by {error} where it is not there.
    async ask(what, given) {
      if (!this.is_mounted) return misused("The card element is not on the page: mount it first.", "payment_method.card")
      await this.#opened
      if (!this.#port) return failed("api_error", "element_unavailable", this.#why())
      return new Promise((resolve) => {
        const id = unique()
        this.#asked.set(id, resolve)
        this.#port.postMessage({ id, what, given: JSON.parse(JSON.stringify(given ?? {})) })
      })
    }

    #told() {
      return JSON.parse(JSON.stringify({ ...this.#options, appearance: this.#options.appearance ?? this.#owner.appearance }))
    }

    #why() {
      return `The card fields did not load from ${origin}. Is the key right, and is ${location.origin} registered there?`
    }

    #hear({ event, detail, id, answer, height, warning }) {
      if (height) this.#frame?.style.setProperty("height", `${Math.min(Number(height) || 0, 2_000)}px`, "important")
      if (warning) console.warn(`ateni.js: ${warning}`)
      if (id) {
        this.#asked.get(id)?.(answer)
        this.#asked.delete(id)
      }
      if (event === "submit") this.#frame?.closest("form")?.requestSubmit()
      for (const handler of [...(this.#heard[event] ?? [])]) {
        const told = { elementType: "card", ...detail }
        // A page's own mistake is its own.
        queueMicrotask(() => handler(told))
      }
    }

    // Whoever still waits for an answer of a frame that is gone is told the truth: that nobody knows.
    #forget() {
      this.#port?.close()
      this.#port = null
      for (const resolve of this.#asked.values()) resolve(failed("api_connection_error", "connection_lost", this.#owner.words.unknown))
      this.#asked.clear()
    }
  }

  // ---- What a page calls.

  const ELSE = ["return_url", "setup_future_usage", "receipt_email", "shipping"]

  function Ateni(key, { locale } = {}) {
    if (!/^pk_(test|live)_[\w-]+$/.test(key)) {
      throw new TypeError("ateni.js: Ateni() takes a publishable key, pk_test_… or pk_live_…, and never a secret key")
    }
    const words = WORDS[language(locale)]
    const at = server(key, words)
    const elements_made = []
    const confirming = new Map()

    // A second click while the first is on its way is the same confirmation.
    function shared(secret, begin) {
      if (!confirming.has(secret)) {
        const begun = begin().finally(() => confirming.delete(secret))
        confirming.set(secret, begun)
      }
      return confirming.get(secret)
    }

    const unknown = (kind) => misused(`It takes a client secret, ${kind.prefix}_…_secret_…, as your server was given it.`, "client_secret")

    async function asked(about, data) {
      const { payment_method: method } = data
      const given = Object.fromEntries(ELSE.filter((name) => data[name] !== undefined).map((name) => [name, data[name]]))
      if (typeof method === "string") return at.confirm(about, { ...given, payment_method: method })
      if (method === undefined) return at.confirm(about, given)
      const { card, billing_details } = method ?? {}
      if (card instanceof CardElement) return card.ask("confirm", { about, given, billing_details })
      if (typeof card?.token !== "string") return misused("It takes a card element, or the id of a payment method.", "payment_method.card")
      const payment_method_data = { type: "card", card: { token: card.token }, billing_details }
      return at.confirm(about, { ...given, payment_method_data })
    }

    async function confirm(kind, secret, data, { handleActions = true } = {}) {
      const about = intent(kind, secret)
      if (!about) return unknown(kind)
      return shared(secret, async () => {
        const answer = await asked(about, data ?? {})
        return told(kind.name, handleActions && !answer.error ? await acted(at, words, about, answer) : answer)
      })
    }

    async function read(kind, secret) {
      const about = intent(kind, secret)
      return about ? told(kind.name, await at.read(about)) : unknown(kind)
    }

    async function next(secret) {
      const kind = intent(SETUP, secret) ? SETUP : PAYMENT
      const about = intent(kind, secret)
      if (!about) return unknown(kind)
      return shared(secret, async () => {
        const found = await at.read(about)
        return told(kind.name, found.error ? found : await acted(at, words, about, found))
      })
    }

    return {
      elements({ appearance, locale: spoken = locale } = {}) {
        return {
          create(type, options = {}) {
            if (type !== "card") throw new TypeError("ateni.js: elements().create() takes 'card'")
            const lang = spoken && language(spoken)
            elements_made.push(new CardElement({ key, locale: lang, appearance, words: WORDS[language(spoken)] }, options))
            return elements_made.at(-1)
          },
        }
      },

      async createToken(card, given = {}) {
        if (!(card instanceof CardElement)) return misused("It takes a card element.", "card")
        return told("token", await card.ask("token", given))
      },

      async createPaymentMethod({ type, card, billing_details, metadata } = {}) {
        if (type !== "card") return misused("It takes 'card'.", "type")
        if (!(card instanceof CardElement)) return misused("It takes a card element.", "card")
        return told("paymentMethod", await card.ask("method", { billing_details, metadata }))
      },

      confirmCardPayment: (secret, data, options) => confirm(PAYMENT, secret, data, options),
      confirmCardSetup: (secret, data, options) => confirm(SETUP, secret, data, options),
      handleNextAction: (secret) => next(secret?.clientSecret ?? secret),
      retrievePaymentIntent: (secret) => read(PAYMENT, secret),
      retrieveSetupIntent: (secret) => read(SETUP, secret),

      async redirectToCheckout({ sessionId } = {}) {
        if (typeof sessionId !== "string" || !/^\w+$/.test(sessionId)) return misused("It takes the id of a checkout session.", "sessionId")
        const session = await at.read({ path: `/v1/checkout/sessions/${sessionId}` })
        if (session.error) return told("session", session)
        if (!session.url) return failed("invalid_request_error", "checkout_session_over", "This checkout session is over.", "sessionId")
        location.assign(session.url)
        return new Promise(() => {})
      },

      // Fills the fields in with a card of the sandbox: test mode only, for the frame has nothing of the kind in live mode.
      test: {
        fill: async (card, element = elements_made.findLast((one) => one.is_mounted)) =>
          element ? element.ask("fill", { card }) : misused("No card element is on the page: mount one first.", "element"),
      },
    }
  }

  // The frame asks the server in the same way.
  Ateni.server = (key, locale) => server(key, WORDS[language(locale)])
  window.Ateni = Ateni
})()
