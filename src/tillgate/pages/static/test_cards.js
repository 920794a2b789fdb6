// The sandbox's cards by name, for ateni.test.fill(): a page for live payments does not have this file.
const testCard = (() => {
  "use strict"

  const NUMBERS = {
    visa: "4242424242424242",
    mastercard: "5555555555554444",
    amex: "378282246310005",
    discover: "6011111111111117",
    diners: "3056930009020004",
    jcb: "3566002020360505",
    unionpay: "6200000000000005",
    declined: "4000000000000002",
    insufficient_funds: "4000000000009995",
    expired_card: "4000000000000069",
    incorrect_cvc: "4000000000000127",
    processing_error: "4000000000000119",
    declined_after_attaching: "4000000000000341",
    disputed: "4000000000000259",
    three_d_secure: "4000002500003155",
    three_d_secure_declined: "4000008260003178",
    three_d_secure_frictionless: "4000003000000014",
  }

  // {number, expiry, cvc} of a name, or of what was given itself.
  return (wanted) => {
    const year = (new Date().getFullYear() + 3) % 100
    if (typeof wanted === "object" && wanted !== null) {
      const { number = "", expiry = `12/${year}`, cvc = "123" } = wanted
      return { number: String(number), expiry: String(expiry), cvc: String(cvc) }
    }
    if (!Object.hasOwn(NUMBERS, wanted)) {
      const message = `There is no test card ${wanted}; there are ${Object.keys(NUMBERS).join(", ")}.`
      return { error: { type: "invalid_request_error", code: "parameter_invalid", message, param: "card" } }
    }
    return { number: NUMBERS[wanted], expiry: `12/${year}`, cvc: wanted === "amex" ? "1234" : "123" }
  }
})()
