// The sample shop of the escrow API: what a merchant's page does with the inline script, and nothing that is not needed.
"use strict"

const shop = document.getElementById("shop")
const told = document.getElementById("told")
const button = document.getElementById("inline")
const merchant = new Merchant({ api_key: shop.elements.token.value })

button.addEventListener("click", () => {
  if (!shop.reportValidity()) return
  told.textContent = ""
  const { token, email, phone_number, ...order } = Object.fromEntries(new FormData(shop))
  TrustPay.setup(merchant).initialize(email, phone_number, {
    ...order,
    onclose: () => (told.textContent = button.dataset.left),
    onerror: ({ message }) => (told.textContent = message),
  })
})
