// The quick start: all that a page needs to take a card, once its server has created a payment intent.
const { clientSecret } = document.getElementById("pay").dataset
const ateni = Ateni("pk_test_1234567890abcdef")
const cardElement = ateni.elements().create("card")
cardElement.mount("#card")

document.getElementById("pay").addEventListener("submit", async (event) => {
  event.preventDefault()
  const { paymentIntent, error } = await ateni.confirmCardPayment(clientSecret, {
    payment_method: {
      card: cardElement,
      billing_details: {
        name: 'John Doe'
      }
    }
  });
  document.getElementById("said").textContent = error ? error.message : paymentIntent.status
})
