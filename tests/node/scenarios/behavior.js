// What their client in Node does in the way of paging, expansion, retries, errors and the check of webhooks.
const assert = require("node:assert/strict");
const { randomUUID } = require("node:crypto");
const { Stripe, client, card, customer, opened, paid, ids } = require("./shop.js");

const { errors, webhooks } = Stripe;
const TOLERANCE_SECONDS = 300;
const INTENT = { amount: 2000, currency: "usd" };

const fails = async (type, asked) => {
  const error = await asked.then(
    () => assert.fail("nothing failed"),
    (error) => error,
  );
  assert.ok(error instanceof type, error.stack);
  return error;
};

const tries = async (shop, key) => (await fetch(`${shop.forced.lost}/tries/${key}`)).json();

const retried = async (shop, force) => {
  const owner = await customer(shop);
  const given = { ...INTENT, customer: owner.id, payment_method_data: card(), confirm: true };
  const intent = await client(shop, { url: shop.forced[force], retries: 2 }).paymentIntents.create(given);
  assert.equal(intent.status, "succeeded");
  assert.equal(await tries(shop, intent.lastResponse.idempotencyKey), 2);
  assert.deepEqual(ids(await client(shop).charges.list({ customer: owner.id })), [intent.latest_charge]);
};

const refused = (verify) => assert.throws(verify, errors.StripeSignatureVerificationError);

const event = ({ body, signature, secret }) => webhooks.constructEvent(body, signature, secret);

// Their check of webhooks at another time; it is asked at once, so that nobody else sees the clock.
const seconds_later = (seconds, check) => {
  const now = Date.now;
  const then = now() + seconds * 1000;
  Date.now = () => then;
  try {
    return check(Math.floor(then / 1000));
  } finally {
    Date.now = now;
  }
};

module.exports = {
  "base address.of the whole client": async (shop) => {
    const { hostname: host, port } = new URL(shop.url);
    const stripe = new Stripe(shop.key, { host, port: Number(port), protocol: "http", maxNetworkRetries: 0 });
    const made = await stripe.customers.create({ email: "ann@example.com", metadata: { shelf: "7" } });
    assert.equal((await stripe.customers.retrieve(made.id)).metadata.shelf, "7");
    assert.equal((await stripe.customers.update(made.id, { name: "Ann" })).name, "Ann");
  },
  "lists.auto-paging over 250 objects": async (shop) => {
    const asked = { email: shop.crowd, limit: 100 };
    const walked = [];
    for await (const one of client(shop).customers.list(asked)) walked.push(one.id);
    assert.ok(walked.length === shop.many && shop.many > 250);
    assert.deepEqual(walked, [...new Set(walked)].sort().reverse());
  },
  "lists.auto-paging backward": async (shop) => {
    const everyone = await client(shop).customers.list({ email: shop.crowd, limit: 100 }).autoPagingToArray({ limit: 1000 });
    const asked = { email: shop.crowd, limit: 100, ending_before: everyone.at(-1).id };
    const walked = await client(shop).customers.list(asked).autoPagingToArray({ limit: 1000 });
    assert.deepEqual([walked.length, walked.at(-1).id], [shop.many - 1, everyone[0].id]);
  },
  "lists.auto-paging of what a search finds": async (shop) => {
    const asked = { query: `email:'${shop.crowd}'`, limit: 100 };
    const walked = [];
    for await (const one of client(shop).customers.search(asked)) walked.push(one.id);
    assert.ok(walked.length === shop.many && shop.many > 250);
    assert.deepEqual(walked, [...new Set(walked)].sort().reverse());
  },
  "expansion.of what a request makes": async (shop) => {
    const owner = await customer(shop);
    const expand = ["customer", "latest_charge.balance_transaction", "payment_method"];
    const intent = await paid(shop, { customer: owner.id, expand });
    assert.deepEqual([intent.customer.email, intent.payment_method.object], ["ann@example.com", "payment_method"]);
    assert.deepEqual([intent.latest_charge.paid, intent.latest_charge.balance_transaction.amount], [true, 2000]);
  },
  "expansion.in a list": async (shop) => {
    const intent = await paid(shop);
    const refund = await client(shop).refunds.create({ payment_intent: intent.id, expand: ["charge"] });
    assert.deepEqual([refund.charge.id, refund.charge.refunded], [intent.latest_charge, true]);
    const expand = ["data.payment_intent.latest_charge"];
    const listed = await client(shop).refunds.list({ charge: refund.charge.id, expand });
    assert.equal(listed.data[0].payment_intent.latest_charge.amount_refunded, 2000);
  },
  "retries.after 409": (shop) => retried(shop, "conflict"),
  "retries.after 500 for what was done": (shop) => retried(shop, "lost"),
  "retries.after a connection was cut": (shop) => retried(shop, "dropped"),
  "retries.with a key of one's own": async (shop) => {
    const options = { idempotencyKey: randomUUID() };
    const first = await client(shop).paymentIntents.create(INTENT, options);
    const again = await client(shop).paymentIntents.create(INTENT, options);
    assert.deepEqual(again, first);
    assert.equal(again.lastResponse.headers["idempotent-replayed"], "true");
  },
  "errors.card error": async (shop) => {
    const error = await fails(errors.StripeCardError, paid(shop, { payment_method_data: card("4000000000009995") }));
    assert.deepEqual(
      [error.type, error.code, error.decline_code, error.statusCode],
      ["StripeCardError", "insufficient_funds", "insufficient_funds", 402],
    );
    assert.equal(error.payment_intent.status, "requires_payment_method");
    assert.equal(error.payment_intent.last_payment_error.code, "insufficient_funds");
    assert.equal(error.charge, error.payment_intent.latest_charge);
    assert.match(error.message, /insufficient funds/);
    assert.match(error.requestId, /^req_/);
  },
  "errors.invalid request": async (shop) => {
    const { StripeInvalidRequestError: type } = errors;
    const small = await fails(type, opened(shop, { amount: 1 }));
    assert.deepEqual([small.code, small.param, small.statusCode], ["amount_too_small", "amount", 400]);
    const unknown = await fails(type, opened(shop, { surprise: 1 }));
    assert.deepEqual([unknown.code, unknown.param], ["parameter_unknown", "surprise"]);
    const none = await fails(type, client(shop).charges.retrieve("ch_none"));
    assert.deepEqual([none.code, none.statusCode], ["resource_missing", 404]);
  },
  "errors.a query that cannot be read": async (shop) => {
    const asked = client(shop).customers.search({ query: "email:'ann@example.com' AND" });
    const error = await fails(errors.StripeInvalidRequestError, asked);
    assert.deepEqual([error.param, error.statusCode], ["query", 400]);
  },
  "errors.authentication": async (shop) => {
    const asked = client(shop, { key: "sk_test_wrong" }).balance.retrieve();
    const error = await fails(errors.StripeAuthenticationError, asked);
    assert.deepEqual([error.statusCode, error.code], [401, "api_key_invalid"]);
  },
  "errors.permission": async (shop) => {
    const asked = client(shop, { key: shop.publishable_key }).balance.retrieve();
    assert.equal((await fails(errors.StripePermissionError, asked)).statusCode, 403);
    const another = client(shop).paymentIntents.create(INTENT, { stripeAccount: "acct_1" });
    assert.equal((await fails(errors.StripePermissionError, another)).code, "account_invalid");
  },
  "errors.rate limit": async (shop) => {
    const busy = client(shop, { key: shop.busy_key });
    // A minute may end meanwhile, once.
    const asking = (async () => {
      for (let asked = 0; asked < 202; asked++) await busy.balance.retrieve();
    })();
    const error = await fails(errors.StripeRateLimitError, asking);
    assert.equal(error.statusCode, 429);
    assert.ok(Number(error.headers["retry-after"]) > 0);
  },
  "errors.idempotency": async (shop) => {
    const options = { idempotencyKey: randomUUID() };
    await client(shop).paymentIntents.create(INTENT, options);
    const other = client(shop).paymentIntents.create({ ...INTENT, amount: 2001 }, options);
    const error = await fails(errors.StripeIdempotencyError, other);
    assert.deepEqual([error.statusCode, error.code], [400, "idempotency_key_reused"]);
  },
  "errors.connection": async (shop) => {
    await fails(errors.StripeConnectionError, client(shop, { url: shop.nobody }).balance.retrieve());
  },
  "errors.api error": async (shop) => {
    const asked = client(shop, { url: shop.forced.broken }).balance.retrieve();
    assert.equal((await fails(errors.StripeAPIError, asked)).statusCode, 500);
  },
  "webhooks.a delivery is accepted": async (shop) => {
    const { id, type, data } = event(shop.delivery);
    assert.deepEqual([type, data.object.object], ["payment_intent.succeeded", "payment_intent"]);
    assert.equal((await client(shop).events.retrieve(id)).data.object.id, data.object.id);
  },
  "webhooks.an altered delivery is refused": async ({ delivery }) => {
    const altered = { ...delivery, body: delivery.body.replace("2000", "2001") };
    assert.notEqual(altered.body, delivery.body);
    refused(() => event(altered));
  },
  "webhooks.a delivery replayed later is refused": async ({ delivery }) => {
    seconds_later(TOLERANCE_SECONDS / 2, () => event(delivery));
    seconds_later(2 * TOLERANCE_SECONDS, (then) => {
      assert.throws(() => event(delivery), /tolerance/);
      // A time that is written anew is not what was signed.
      refused(() => event({ ...delivery, signature: delivery.signature.replace(/t=\d+/, `t=${then}`) }));
    });
  },
  "webhooks.another secret is refused": async ({ delivery }) => {
    refused(() => event({ ...delivery, secret: "whsec_other" }));
  },
};
