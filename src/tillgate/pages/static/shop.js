// The sample shop: what a merchant's page does with the payment button, and nothing that is not needed for it.
"use strict"

const shop = document.getElementById("shop")
const money = new Intl.NumberFormat(shop.dataset.locale, { style: "currency", currency: "USD" })
const TAX = 115 // of 1,000

const ATHM_Checkout = {
  env: "sandbox",
  publicToken: shop.dataset.token,
  timeout: 600,
  orderType: "",
  theme: matchMedia("(prefers-color-scheme: dark)").matches ? "btn-dark" : "btn",
  lang: shop.dataset.lang,
  metadata1: `Order ${Date.now() % 1_000_000}`,
  metadata2: "Sample shop",
  phoneNumber: "",
}

// Cents are counted, and become what the API takes at the end.
function count() {
  let subtotal = 0
  const items = []
  for (const good of shop.querySelectorAll(".good")) {
    const quantity = Number(good.querySelector("output").value)
    const cents = Number(good.dataset.cents)
    good.querySelector(".less").disabled = quantity === 0
    good.querySelector(".more").disabled = quantity === 9
    subtotal += quantity * cents
    if (quantity === 0) continue
    const name = good.querySelector("h2").textContent
    const description = good.querySelector("p").textContent
    items.push({ name, description, quantity: String(quantity), price: decimal(cents), tax: null, metadata: null })
  }
  const tax = Math.round((subtotal * TAX) / 1_000)
  Object.assign(ATHM_Checkout, {
    items,
    subtotal: decimal(subtotal),
    tax: decimal(tax),
    total: decimal(subtotal + tax),
  })
  for (const [id, cents] of Object.entries({ subtotal, tax, total: subtotal + tax })) {
    document.getElementById(id).textContent = money.format(cents / 100)
  }
  document.getElementById("empty").hidden = subtotal > 0
  document.getElementById("ATHMovil_Checkout_Button_payment").hidden = subtotal === 0
}

function decimal(cents) {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`
}

function show(outcome, transaction) {
  for (const one of document.querySelectorAll(".result")) one.hidden = one.id !== outcome
  const result = document.getElementById(outcome)
  for (const field of result.querySelectorAll("[data-field]")) {
    const value = transaction?.[field.dataset.field] ?? ""
    field.textContent = typeof value === "number" ? money.format(value) : value
  }
  result.focus()
}

async function authorizationATHM() {
  show("paid", (await authorization()).data)
}

async function cancelATHM() {
  show("canceled", (await findPaymentATHM()).data)
}

async function expiredATHM() {
  show("expired", (await findPaymentATHM()).data)
}

shop.addEventListener("click", (event) => {
  const pressed = event.target.closest(".less, .more")
  if (!pressed) return
  const output = pressed.parentElement.querySelector("output")
  output.value = Number(output.value) + (pressed.matches(".more") ? 1 : -1)
  count()
})

count()
