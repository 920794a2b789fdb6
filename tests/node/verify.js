// Verifies a webhook as receivers in Node do. In: {headers, body, secret, seconds_later}. Out: what the libraries of Standard
// Webhooks and of Stripe say of it that much later: the type of the event, or the error's name and sentence.
const { readFileSync } = require("node:fs");
const { Webhook } = require("standardwebhooks");
const { webhooks } = require("stripe");

const { headers, body, secret, seconds_later } = JSON.parse(readFileSync(0, "utf8"));
const then = Date.now() + seconds_later * 1000;
Date.now = () => then;

const said = (verify) => {
  try {
    return verify().type;
  } catch (error) {
    return `${error.constructor.name}: ${error.message}`;
  }
};

const standard = said(() => new Webhook(secret).verify(body, headers));
const stripe = said(() => webhooks.constructEvent(body, headers["stripe-signature"], secret));
console.log(JSON.stringify([standard, stripe]));
