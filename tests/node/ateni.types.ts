// A merchant's page in TypeScript, against the types that the server ships.
const ateni = Ateni("pk_test_1234567890abcdef", { locale: "de" })
const elements = ateni.elements({ appearance: { theme: "dark", variables: { colorPrimary: "#1d4fd8", fontSize: 18 } } })
const card = elements.create("card", { postalCode: true })
card.mount("#card")
card.on("ready", () => card.focus()).on("change", ({ complete, brand, error }) => {
  const what: string = error ? error.message : complete ? brand : ""
  console.log(what)
})

async function pay(clientSecret: string): Promise<string> {
  const { paymentIntent, error } = await ateni.confirmCardPayment(clientSecret, {
    payment_method: { card: card, billing_details: { name: "John Doe" } },
  })
  if (error) return error.decline_code ?? error.code
  const { token } = await ateni.createToken(card)
  const { paymentMethod } = await ateni.createPaymentMethod({ type: "card", card })
  const { setupIntent } = await ateni.confirmCardSetup(clientSecret, { payment_method: paymentMethod?.id })
  await ateni.test.fill({ number: "4242424242424242" }, card)
  await ateni.test.fill("visa")
  return [paymentIntent.status, token?.card.last4, setupIntent?.status].join()
}

// What is no card of a sandbox, no event, and no field of the card, is none.
// @ts-expect-error
void ateni.test.fill("gold")
// @ts-expect-error
card.on("escape", () => {})
// @ts-expect-error
void ateni.confirmCardPayment("pi_1_secret_1", { payment_method: { card: { number: "4242424242424242" } } })
// @ts-expect-error
elements.create("iban")
void pay
