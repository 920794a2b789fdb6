// A merchant's page in TypeScript, against the types that the server ships.
const seller = new Merchant({ api_key: "b8kP7A1e67s0jc3h98T8pH71dq66J0s3" })
const order: TrustPay.Order = {
  type: 1,
  currency: "NGN",
  amount: 100 * 19.99,
  customer_firstname: "Ada",
  customer_lastname: "Obi",
  order_product_id: 1001,
  order_product_name: "Ankara",
  delivery_date: "2026-12-24",
  delivery_location: "7 Allen Avenue",
  recipient: "08030000001",
  products: [{ name: "Ankara" }],
  callback_url: "https://shop.example/back",
  platform: "Woocommerce",
}

async function buy(): Promise<string> {
  const came = await TrustPay.setup(seller).initialize("ada@example.com", "08030000001", {
    ...order,
    onsuccess: ({ order, product }) => order > 0 && product !== "",
    onclose: ({ url }) => console.log(url.length),
    onerror: ({ message }) => message.length,
  })
  if (came.status === "error") return came.message
  return came.status === "closed" ? came.url : came.product
}

// @ts-expect-error: euros are not taken.
const wrong: TrustPay.Order = { ...order, currency: "EUR" }
// @ts-expect-error: a private key has no place in a page.
new Merchant({ private_key: "x" })
console.log(buy, wrong, seller.api_key, window.TrustPay, window.Merchant)
