// The card fields in their frame. Only the page around it is heard, and by a channel that it gave: it is told brand,
// completeness, what is wrong and the server's answers, and never what was typed.
(() => {
  "use strict"

  const form = document.getElementById("card")
  const { key, texts } = form.dataset
  const WORDS = JSON.parse(texts)
  const server = Ateni.server(key, document.documentElement.lang)
  const postal = form.elements.postal_code
  const inputs = [...form.querySelectorAll("input")]

  let port = null
  const tell = (message) => port?.postMessage(message)

  // ---- What is wrong is said below the field that was left, or where somebody wants to pay.

  const fields = cardFields(form, { onchange: changed })
  const left = new Set()

  const worded = (code) => WORDS[`${code}_${fields.state().brand}`] ?? WORDS[code] ?? ""

  function wrong() {
    const errors = { ...fields.state().errors }
    if (!postal.closest(".field").hidden && !postal.value.trim()) errors.postal_code = "incomplete_postal_code"
    return errors
  }

  function show() {
    const errors = wrong()
    for (const input of inputs) {
      const code = left.has(input.name) ? errors[input.name] : undefined
      const said = document.getElementById(`${input.id}-error`)
      if (said.textContent !== worded(code)) said.textContent = worded(code)
      input.setAttribute("aria-invalid", String(Boolean(code)))
    }
  }

  function changed() {
    show()
    const errors = wrong()
    const { brand, empty } = fields.state()
    const seen = Object.keys(errors).find((name) => left.has(name))
    const error = seen && { type: "validation_error", code: errors[seen], message: worded(errors[seen]), param: seen }
    const complete = !Object.keys(errors).length
    tell({ event: "change", detail: { complete, empty: empty && !postal.value, brand, ...(error && { error }) } })
  }

  // The card as /v1 takes it, or what is wrong with it, shown where it is.
  function card() {
    const errors = wrong()
    const [first] = Object.keys(errors)
    if (!first) return { card: fields.value() }
    for (const input of inputs) left.add(input.name)
    changed()
    form.elements[first].focus()
    return { error: { type: "validation_error", code: errors[first], message: worded(errors[first]), param: first } }
  }

  function billed(details = {}) {
    if (postal.closest(".field").hidden) return details
    return { ...details, address: { postal_code: postal.value.trim(), ...details.address } }
  }

  // ---- What the page around it may ask.

  async function made(doing) {
    const { card: typed, error } = card()
    return error ? { error } : doing(typed)
  }

  const ACTS = {
    confirm: ({ about, given, billing_details }) =>
      made((typed) => {
        if (!/^\/v1\/(payment|setup)_intents\/\w+$/.test(about?.path)) return { error: { type: "invalid_request_error" } }
        const payment_method_data = { type: "card", card: typed, billing_details: billed(billing_details) }
        return server.confirm(about, { ...given, payment_method_data })
      }),
    token: ({ name }) => made((typed) => server.make("tokens", { card: { ...typed, ...(name && { name }) } })),
    method: ({ billing_details, metadata }) =>
      made((typed) => server.make("payment_methods", { type: "card", card: typed, billing_details: billed(billing_details), metadata })),
    focus: () => fields.focus(),
    update: (options) => adopt(options),
    clear: () => {
      left.clear()
      postal.value = ""
      fields.clear()
    },
    fill: ({ card: wanted }) => {
      if (typeof testCard === "undefined") {
        const message = "ateni.test is there in test mode only."
        return { error: { type: "invalid_request_error", code: "test_mode_only", message, param: null } }
      }
      const found = testCard(wanted)
      if (!found.error) {
        if (!postal.value) postal.value = "10001"
        fields.fill(found)
      }
      return found.error ? found : {}
    },
  }

  // ---- How it looks: values of a few kinds, and never a style sheet.

  const COLOR = /^#(?:[0-9a-f]{3}|[0-9a-f]{6})$/i
  const pixels = (least, most) => (value) => {
    const number = /^\d{1,2}(?:px)?$/.test(value) ? parseInt(value, 10) : -1
    return number >= least && number <= most && `${number}px`
  }
  const color = (value) => COLOR.test(value) && value

  const VARIABLES = {
    colorPrimary: ["--accent", color],
    colorBackground: ["--paper", color],
    colorText: ["--ink", color],
    colorTextSecondary: ["--quiet", color],
    colorBorder: ["--field", color],
    colorDanger: ["--bad", color],
    fontSize: ["--size", pixels(12, 24)],
    borderRadius: ["--radius", pixels(0, 24)],
  }
  const THEMES = ["auto", "light", "dark"]

  function adopt({ appearance = {}, postalCode = false, disabled = false }) {
    const { theme = "auto", variables = {} } = appearance
    if (THEMES.includes(theme)) document.documentElement.dataset.theme = theme
    else tell({ warning: `appearance.theme takes ${THEMES.join(", ")}` })
    for (const [name, [property, check]] of Object.entries(VARIABLES)) {
      const value = variables[name] === undefined ? "" : check(String(variables[name]))
      if (value === false) tell({ warning: `appearance.variables.${name} takes ${check === color ? "#rrggbb" : "a few pixels"}` })
      document.documentElement.style.setProperty(property, value || "")
    }
    for (const name of Object.keys(variables)) {
      if (!Object.hasOwn(VARIABLES, name)) tell({ warning: `there is no appearance.variables.${name}` })
    }
    postal.closest(".field").hidden = !postalCode
    for (const input of inputs) input.disabled = Boolean(disabled)
  }

  // ---- The page around it, which is heard once.

  addEventListener("message", ({ source, data, ports }) => {
    if (port || source !== parent || source === window || !ports[0] || typeof data?.options !== "object") return
    port = ports[0]
    port.onmessage = async ({ data: { id, what, given } }) => {
      const answer = Object.hasOwn(ACTS, what) ? await ACTS[what](given ?? {}) : {}
      tell({ id, answer: answer ?? {} })
    }
    adopt(data.options ?? {})
    new ResizeObserver(() => tell({ height: Math.ceil(form.getBoundingClientRect().height) })).observe(form)
    tell({ event: "ready" })
  })

  for (const input of inputs) {
    input.addEventListener("blur", () => {
      if (input.value) left.add(input.name)
      changed()
    })
  }
  postal.addEventListener("input", changed)
  // From field to field within is neither.
  form.addEventListener("focusin", ({ relatedTarget }) => relatedTarget || tell({ event: "focus" }))
  form.addEventListener("focusout", ({ relatedTarget }) => relatedTarget || tell({ event: "blur" }))
  form.addEventListener("submit", (event) => {
    event.preventDefault()
    tell({ event: "submit" })
  })
})()
