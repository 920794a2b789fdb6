// The inline script of the escrow API: the payment page in a window over a merchant's page.
//
//   merchant = new Merchant({ api_key: "the public key" })
//   TrustPay.setup(merchant).initialize(email, phone, { amount, currency, order_product_id, …, callback_url })
//
// The fields are those of the form that is posted to /pay, which this asks for the page's address. What is paid is known
// to the server: a merchant's page is only led on. Types, and what else may be given, are in trustpay.inline.d.ts.
// Nothing is loaded but the frame and one answer, and of the page's own styles only its scrolling is held still.
(() => {
  "use strict"

  const OURS = /\/(?:assets\/(?:test\/)?trustpay\.inline\.min|js\/trustpay-[0-9a-f]+)\.js(?:[?#].*)?$/
  // A page whose HTML others write to may have an element by that name, which leads elsewhere.
  const own = document.currentScript instanceof HTMLScriptElement ? document.currentScript.src : ""
  const script = own || document.querySelector('script[src*="/trustpay"]')?.src || ""
  const base = script.replace(OURS, "")
  const origin = new URL(base || location.href).origin

  const PATIENCE = 30_000
  const SPEAKS = 3_000
  const LONGEST_KEY = 40

  const WORDS = {
    en: {
      name: "Payment",
      close: "Close",
      wait: "One moment…",
      lost: "The payment service cannot be reached. Check your connection and try again.",
      elsewhere: "The payment page cannot be shown here.",
      open: "Open the payment page",
    },
    es: {
      name: "Pago",
      close: "Cerrar",
      wait: "Un momento…",
      lost: "No se puede acceder al servicio de pagos. Revisa tu conexión e inténtalo de nuevo.",
      elsewhere: "La página de pago no se puede mostrar aquí.",
      open: "Abrir la página de pago",
    },
    de: {
      name: "Bezahlen",
      close: "Schließen",
      wait: "Einen Moment…",
      lost: "Der Zahlungsdienst ist nicht erreichbar. Prüfe deine Verbindung und versuche es noch einmal.",
      elsewhere: "Die Bezahlseite kann hier nicht gezeigt werden.",
      open: "Bezahlseite öffnen",
    },
  }

  const words = () =>
    WORDS[navigator.languages.map((one) => one.slice(0, 2).toLowerCase()).find((one) => Object.hasOwn(WORDS, one)) ?? "en"]

  class Merchant {
    constructor({ api_key } = {}) {
      if (typeof api_key !== "string" || !api_key.trim()) {
        throw new TypeError("TrustPay: new Merchant() takes { api_key }, which is the public key")
      }
      if (/[:=]/.test(api_key) || api_key.length > LONGEST_KEY) {
        throw new TypeError("TrustPay: api_key is the public key alone; the private key never stands in a page. Roll it if it did.")
      }
      this.api_key = api_key.trim()
    }
  }

  // ---- The order, as the form to /pay opens it: the same form again is the same order, while it waits to be paid.

  async function opened(fields, words) {
    const body = new URLSearchParams()
    for (const [name, value] of Object.entries(fields)) {
      if (value === undefined || value === null || typeof value === "function") continue
      body.set(name, typeof value === "object" ? JSON.stringify(value) : value)
    }
    const asked = { method: "POST", body, headers: { Accept: "application/json" }, credentials: "omit" }
    try {
      const response = await fetch(`${base}/pay`, { ...asked, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) })
      const { status, message, data } = await response.json()
      return status === "success" ? data : { message }
    } catch {
      return { message: words.lost }
    }
  }

  // ---- The window over the page, in a shadow tree, so that the page's styles and these do not meet.

  const LOOKS = `
    dialog { box-sizing: border-box; width: min(29rem, 100vw); height: min(50rem, 100vh - 3rem);
      max-width: none; max-height: none; margin: auto; padding: 0; border: 0; border-radius: 1rem; overflow: hidden;
      flex-direction: column; background: Canvas; color: CanvasText; color-scheme: light dark;
      font: 16px/1.45 system-ui, sans-serif }
    dialog[open] { display: flex }
    dialog::backdrop { background: rgb(0 0 0 / .55) }
    header { display: flex; align-items: center; padding: .125rem .25rem .125rem 1.25rem }
    h2 { flex: 1; margin: 0; font-size: 1rem }
    p { margin: auto; padding: 1.5rem; text-align: center }
    iframe { flex: 1; width: 100%; border: 0 }
    [hidden] { display: none }
    button { min-width: 2.75rem; min-height: 2.75rem; border: 0; border-radius: .75rem; background: none; color: inherit;
      font: 1.5rem/1 system-ui, sans-serif; cursor: pointer }
    a { display: block; padding: .7rem; color: LinkText; font-weight: 600 }
    :focus-visible { outline: 3px solid Highlight; outline-offset: -3px }
    @media (max-width: 30rem) { dialog { height: 100vh; height: 100dvh; border-radius: 0 } }`

  function make(tag, attributes = {}, ...children) {
    const made = document.createElement(tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
  }

  class Overlay {
    constructor(words) {
      this.words = words
      this.left = new Promise((resolve) => (this.leave = resolve))
      this.host = make("div", { "data-testid": "trustpay-overlay" })
      const root = this.host.attachShadow({ mode: "open" })
      const looks = new CSSStyleSheet()
      looks.replaceSync(LOOKS)
      root.adoptedStyleSheets = [looks]
      const x = make("button", { type: "button", "aria-label": words.close }, "×")
      this.line = make("p", { role: "status" }, words.wait)
      this.dialog = make("dialog", { "aria-labelledby": "name" })
      this.dialog.append(make("header", {}, make("h2", { id: "name" }, words.name), x), this.line)
      root.append(this.dialog)
      x.addEventListener("click", () => this.leave())
      this.dialog.addEventListener("close", () => this.leave())
      const { style } = document.documentElement
      const [was, how] = [style.getPropertyValue("overflow"), style.getPropertyPriority("overflow")]
      this.unlock = () => style.setProperty("overflow", was, how)
      style.setProperty("overflow", "hidden", "important")
      document.body.append(this.host)
      this.dialog.showModal()
    }

    show(path) {
      const frame = make("iframe", { title: this.words.name, src: base + path, allow: "clipboard-write", referrerpolicy: "no-referrer" })
      let silence = 0
      frame.addEventListener("load", () => {
        this.port?.close()
        this.line.hidden = true
        // What is there instead, where this page may not frame it, says nothing.
        if (!this.hasSpoken) silence = setTimeout(() => this.lead(frame, path), SPEAKS)
        const { port1, port2 } = new MessageChannel()
        this.port = port1
        port1.onmessage = ({ data }) => {
          clearTimeout(silence)
          this.hasSpoken = true
          this.isPaid ||= data.event === "paid"
          // The bank's page, too, says by nothing else that Escape was pressed.
          if (data.event === undefined || data.event === "done") this.leave()
        }
        // To our origin alone, and by a channel that nobody else has.
        frame.contentWindow?.postMessage({}, origin, [port2])
      })
      this.dialog.append(frame)
      frame.focus()
    }

    lead(frame, path) {
      console.warn(`TrustPay: ${origin} is not framed by ${location.origin}. Is that origin registered there?`)
      frame.remove()
      this.line.hidden = false
      this.line.append(make("br"), make("a", { href: base + path, target: "_top" }, this.words.open))
      this.line.firstChild.data = this.words.elsewhere
    }

    close() {
      this.port?.close()
      this.unlock()
      this.dialog.close()
      this.host.remove()
    }
  }

  // ---- What a page calls.

  // A page's own mistake is its own.
  function call(handler, detail) {
    try {
      return handler?.(detail)
    } catch (mistake) {
      reportError(mistake)
    }
  }

  async function pay(fields, { onsuccess, onclose, onerror }) {
    const spoken = words()
    const overlay = new Overlay(spoken)
    const { message, order, product, url, callback_url: back } = await opened(fields, spoken)
    if (message !== undefined) {
      overlay.line.textContent = message
      if (!onerror) await overlay.left
      overlay.close()
      const error = { status: "error", message }
      call(onerror, error)
      return error
    }
    const { pathname, search } = new URL(url, location.href)
    overlay.show(pathname + search)
    await overlay.left
    overlay.close()
    if (!overlay.isPaid) {
      const closed = { status: "closed", order, product, url: base + pathname + search }
      call(onclose, closed)
      return closed
    }
    const paid = { status: "paid", order, product }
    if (call(onsuccess, paid) !== false && /^https?:/.test(back)) location.assign(back)
    return paid
  }

  let paying = null

  window.Merchant = Merchant
  window.TrustPay = {
    setup(merchant) {
      if (!(merchant instanceof Merchant)) throw new TypeError("TrustPay: setup() takes a Merchant")
      return {
        // A second click while the window is open is the same payment.
        initialize(email, phone, { onsuccess, onclose, onerror, ...order } = {}) {
          const fields = { email, phone_number: phone, ...order, token: merchant.api_key }
          paying ??= pay(fields, { onsuccess, onclose, onerror }).finally(() => (paying = null))
          return paying
        },
      }
    },
  }
})()
