// What card_fields.js says of what was typed: [[number, expiry, cvc], …] comes in, and its findings go out.
const fs = require("node:fs")
const vm = require("node:vm")

const [, , script, now] = process.argv
const context = vm.createContext({ Date: class extends Date { static now() { return Number(now) } } })
vm.runInContext(fs.readFileSync(script, "utf8"), context)
const cardFields = vm.runInContext("cardFields", context)
const cases = JSON.parse(fs.readFileSync(0, "utf8"))
const found = cases.map(([number, expiry, cvc]) => ({
  ...cardFields.read(number, expiry, cvc),
  grouped: cardFields.grouped(number),
}))
console.log(JSON.stringify(found))
