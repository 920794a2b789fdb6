// What scenarios in Node share: the client, pointed at our server, and things that they begin with.
const Stripe = require("stripe");

const client = (shop, { url = shop.url, key = shop.key, retries = 0, ...more } = {}) => {
  const { hostname, port } = new URL(url);
  return new Stripe(key, { host: hostname, port, protocol: "http", maxNetworkRetries: retries, ...more });
};

const card = (number = "4242424242424242", more = {}) => ({
  type: "card",
  card: { number, exp_month: 12, exp_year: 2034, cvc: "123" },
  ...more,
});

const customer = (shop) =>
  client(shop).customers.create({ email: "ann@example.com", name: "Ann", metadata: { shelf: "7" } });

const keptMethod = async (shop, owner) => {
  const method = await client(shop).paymentMethods.create(card());
  return client(shop).paymentMethods.attach(method.id, { customer: owner });
};

const opened = (shop, more = {}) => client(shop).paymentIntents.create({ amount: 2000, currency: "usd", ...more });

const paid = (shop, more = {}) => opened(shop, { payment_method_data: card(), confirm: true, ...more });

const ids = (page) => page.data.map((one) => one.id);

module.exports = { Stripe, client, card, customer, keptMethod, opened, paid, ids };
