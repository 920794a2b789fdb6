// What is typed of a card: written as it is on the card, checked while it is typed, and told by its brand.
//
// cardFields(root, {onchange}) takes the inputs named number, expiry and cvc inside root, and what else is there of
// [data-brand], in which it draws whose card it is. It answers {state, value, clear, focus, fill}:
//   state()  {complete, empty, brand, errors: {number?, expiry?, cvc?}}, where an error is one of invalid_number,
//            incomplete_number, invalid_expiry, expired_card, incomplete_expiry, incomplete_cvc
//   value()  {number, exp_month, exp_year, cvc}, as /v1 takes it, or null where something is missing
//   fill({number, expiry, cvc})  as if it had been typed
const cardFields = (() => {
  "use strict"

  // First and last four digits, as in core/cards.py.
  const RANGES = [
    [2221, 2720, "mastercard"],
    [3000, 3059, "diners"],
    [3095, 3095, "diners"],
    [3400, 3499, "amex"],
    [3528, 3589, "jcb"],
    [3600, 3699, "diners"],
    [3700, 3799, "amex"],
    [3800, 3999, "diners"],
    [4000, 4999, "visa"],
    [5100, 5599, "mastercard"],
    [6011, 6011, "discover"],
    [6200, 6299, "unionpay"],
    [6440, 6599, "discover"],
    [8100, 8199, "unionpay"],
  ]

  const SIXTEEN_OR_MORE = [16, 17, 18, 19]
  const LENGTHS = {
    visa: [16, 19],
    mastercard: [16],
    amex: [15],
    discover: SIXTEEN_OR_MORE,
    diners: [14, 16],
    jcb: SIXTEEN_OR_MORE,
    unionpay: SIXTEEN_OR_MORE,
    unknown: [12, 13, 14, 15, ...SIXTEEN_OR_MORE],
  }

  const NAMES = {
    visa: "Visa",
    mastercard: "Mastercard",
    amex: "American Express",
    discover: "Discover",
    diners: "Diners Club",
    jcb: "JCB",
    unionpay: "UnionPay",
    unknown: "",
  }

  // ---- What digits say.

  const digits = (text, most) => text.normalize("NFKC").replace(/\D/g, "").slice(0, most)

  // Known as soon as whatever may follow is of one brand.
  function brandOf(number) {
    const first = number.slice(0, 4)
    const [low, high] = [Number(first.padEnd(4, "0")), Number(first.padEnd(4, "9"))]
    return RANGES.find(([from, to]) => from <= low && high <= to)?.[2] ?? "unknown"
  }

  function luhn(number) {
    let sum = 0
    for (let place = 0; place < number.length; place += 1) {
      const digit = Number(number[number.length - 1 - place])
      sum += place % 2 ? (2 * digit) % 10 + (digit > 4) : digit
    }
    return sum % 10 === 0
  }

  const longest = (brand) => LENGTHS[brand].at(-1)

  const cvcLength = (brand) => (brand === "amex" ? 4 : 3)

  function numberError(number) {
    const brand = brandOf(number)
    const fits = LENGTHS[brand].includes(number.length)
    if (fits && luhn(number)) return null
    return fits && number.length >= Math.min(16, longest(brand)) ? "invalid_number" : "incomplete_number"
  }

  function grouped(number) {
    const brand = brandOf(number)
    const sizes = brand === "amex" || (brand === "diners" && number.length < 15) ? [4, 6, 5] : [4, 4, 4, 4, 3]
    const groups = []
    for (let from = 0; from < number.length; from += sizes[groups.length - 1]) {
      groups.push(number.slice(from, from + sizes[groups.length]))
    }
    return groups.join(" ")
  }

  // Month and year as digits, of 3/30, 0330, 03/2030 or 2030-03. What no month of two digits begins with is a month.
  function parted(text) {
    const plain = text.normalize("NFKC").trim().replace(/^(\d{4})-(\d\d)$/, "$2/$1").replace(/^\d(?=\D)/, "0$&")
    const run = digits(plain, 6).replace(/^[2-9]/, "0$&")
    const year = run.slice(2)
    return [run.slice(0, 2), year.startsWith("20") ? year : year.slice(0, 2)]
  }

  const fullYear = (year) => Number(year.length === 4 ? year : `20${year}`)

  // A card is good until its month is over everywhere; at the date line that is twelve hours after UTC.
  function expiryError(month, year) {
    if (month.length === 2 && !(month >= "01" && month <= "12")) return "invalid_expiry"
    if (month.length < 2 || ![2, 4].includes(year.length)) return "incomplete_expiry"
    const there = new Date(Date.now() - 12 * 3_600_000)
    const months = (fullYear(year) - there.getUTCFullYear()) * 12 + Number(month) - 1 - there.getUTCMonth()
    return months < 0 ? "expired_card" : null
  }

  function read(number, expiry, cvc) {
    const [month, year] = parted(expiry)
    const brand = brandOf(number)
    const found = {
      number: numberError(number),
      expiry: expiryError(month, year),
      cvc: brand === "unknown" ? cvc.length < 3 : cvc.length !== cvcLength(brand),
    }
    if (found.cvc) found.cvc = "incomplete_cvc"
    const errors = Object.fromEntries(Object.entries(found).filter(([, code]) => code))
    return {
      state: { complete: !Object.keys(errors).length, empty: !(number || month || cvc), brand, errors },
      value: { number, exp_month: Number(month), exp_year: fullYear(year), cvc },
    }
  }

  // ---- Whose card it is, drawn of nodes: nothing is loaded, and no markup is read.

  const MARKS = {
    unknown: ["#8391ab", ["rect", { y: 5, width: 32, height: 4, fill: "#fff" }]],
    visa: ["#1a1f71", "VISA"],
    mastercard: [
      "#252525",
      ["circle", { cx: 12.5, cy: 10, r: 6, fill: "#eb001b" }],
      ["circle", { cx: 19.5, cy: 10, r: 6, fill: "#f79e1b", "fill-opacity": 0.85 }],
    ],
    amex: ["#016fd0", "AMEX"],
    discover: ["#4d4d4d", ["path", { d: "M32 8v9a3 3 0 0 1-3 3H9c10-1 18-5 23-12z", fill: "#f68121" }], "DISC"],
    diners: ["#0079be", ["circle", { cx: 16, cy: 10, r: 7, fill: "#fff" }]],
    jcb: ["#0b4ea2", "JCB"],
    unionpay: ["#00636b", ["path", { d: "M7 0h8l-4 20H3z", fill: "#e21836" }]],
  }

  function svg(tag, attributes, ...children) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag)
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
    made.append(...children)
    return made
  }

  function mark(brand) {
    const [ground, ...shapes] = MARKS[brand]
    const text = { x: 16, y: 13.5, fill: "#fff", "font-size": 9, "font-weight": 700, "font-family": "sans-serif" }
    return svg(
      "svg",
      { viewBox: "0 0 32 20", width: 32, height: 20, "aria-hidden": "true" },
      svg("rect", { width: 32, height: 20, rx: 3, fill: ground, stroke: "#fff", "stroke-opacity": 0.4 }),
      ...shapes.map((shape) =>
        typeof shape === "string" ? svg("text", { ...text, "text-anchor": "middle" }, shape) : svg(...shape),
      ),
    )
  }

  // Its name is there to be heard; a stylesheet that hides it from eyes need not be the page's.
  const HEARD = { position: "absolute", width: "1px", height: "1px", overflow: "hidden", clipPath: "inset(50%)" }

  function show(holder, brand) {
    if (holder.dataset.brand === brand) return
    const name = document.createElement("span")
    name.textContent = NAMES[brand]
    Object.assign(name.style, HEARD)
    holder.dataset.brand = brand
    if (!holder.hasAttribute("role")) holder.setAttribute("role", "status")
    holder.replaceChildren(mark(brand), name)
  }

  // ---- The inputs.

  // The caret stays behind the digit that it was behind; at the end it stays at the end.
  function write(input, text) {
    if (input.value === text) return
    const caret = input.selectionStart
    const behind = digits(input.value.slice(0, caret)).length
    let place = caret === input.value.length ? text.length : 0
    input.value = text
    if (document.activeElement !== input) return
    while (place < text.length && digits(text.slice(0, place)).length < behind) place += 1
    input.setSelectionRange(place, place)
  }

  function bind(root, { onchange } = {}) {
    const named = (name) => root.querySelector(`[name=${name}]`)
    const all = { number: named("number"), expiry: named("expiry"), cvc: named("cvc") }
    const { number, expiry, cvc } = all
    const holder = root.querySelector("[data-brand]")
    let now

    function format(event) {
      const plain = digits(number.value)
      const brand = brandOf(plain)
      write(number, grouped(plain.slice(0, longest(brand))))
      const [month, year] = parted(expiry.value)
      // What is taken away stays away: the stroke comes back with the next digit.
      const is_short = month.length < 2 || (!year && /^delete/.test(event?.inputType))
      write(expiry, is_short ? month : `${month} / ${year}`)
      write(cvc, digits(cvc.value, brand === "unknown" ? 4 : cvcLength(brand)))
      now = read(digits(number.value), expiry.value, cvc.value)
      if (holder) show(holder, brand)
    }

    function changed(event) {
      format(event)
      onchange?.(now.state)
    }

    function fill(values) {
      for (const [name, input] of Object.entries(all)) if (values[name] !== undefined) input.value = values[name]
      changed()
    }

    // What a browser fills in by itself is not always told as input.
    for (const input of Object.values(all)) for (const on of ["input", "change"]) input.addEventListener(on, changed)
    format()

    return {
      state: () => now.state,
      value: () => (now.state.complete ? now.value : null),
      clear: () => fill({ number: "", expiry: "", cvc: "" }),
      focus: () => (all[Object.keys(now.state.errors)[0]] ?? number).focus(),
      fill,
    }
  }

  return Object.assign(bind, { read, grouped })
})()
