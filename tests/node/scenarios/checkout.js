// What their client in Node does with checkout sessions and payment links.
const assert = require("node:assert/strict");
const { Stripe, client, customer, ids } = require("./shop.js");

const LINE = { price_data: { currency: "usd", unit_amount: 1200, product_data: { name: "Mug" } }, quantity: 2 };

const opened = (shop, more = {}) =>
  client(shop).checkout.sessions.create({
    mode: "payment",
    line_items: [LINE],
    success_url: "https://shop.example/paid",
    ...more,
  });

const linked = (shop, more = {}) => client(shop).paymentLinks.create({ line_items: [LINE], ...more });

module.exports = {
  "checkout.sessions.create": async (shop) => {
    const session = await opened(shop, {
      success_url: "https://shop.example/paid?session_id={CHECKOUT_SESSION_ID}",
      cancel_url: "https://shop.example/basket",
      client_reference_id: "order-7",
      metadata: { basket: "9" },
      payment_intent_data: { metadata: { order: "7" } },
      payment_method_types: ["card"],
    });
    assert.deepEqual(
      [session.object, session.status, session.payment_status, session.mode, session.amount_total, session.metadata],
      ["checkout.session", "open", "unpaid", "payment", 2400, { basket: "9" }],
    );
    assert.equal(session.success_url, `https://shop.example/paid?session_id=${session.id}`);
    assert.ok(session.url.startsWith(`${shop.url}/checkout/`));
    const intent = await client(shop).paymentIntents.retrieve(session.payment_intent);
    assert.equal(intent.metadata.order, "7");
  },
  "checkout.sessions.retrieve with what it is of": async (shop) => {
    const { id } = await opened(shop);
    const found = await client(shop).checkout.sessions.retrieve(id, { expand: ["line_items", "payment_intent"] });
    assert.equal(found.line_items.data[0].description, "Mug");
    assert.equal(found.payment_intent.status, "requires_payment_method");
  },
  "checkout.sessions.retrieve by the payer's browser": async (shop) => {
    const session = await opened(shop, { client_reference_id: "order-7" });
    const browser = client({ ...shop, key: shop.publishable_key });
    const seen = await browser.checkout.sessions.retrieve(session.id);
    assert.deepEqual([seen.url, seen.client_reference_id], [session.url, null]);
  },
  "checkout.sessions.list": async (shop) => {
    const owner = await customer(shop);
    const { id } = await opened(shop, { customer: owner.id });
    assert.deepEqual(ids(await client(shop).checkout.sessions.list({ customer: owner.id })), [id]);
  },
  "checkout.sessions.line_items.list": async (shop) => {
    const { id } = await opened(shop);
    const { data } = await client(shop).checkout.sessions.listLineItems(id);
    assert.deepEqual(
      data.map((line) => [line.description, line.quantity, line.amount_total]),
      [["Mug", 2, 2400]],
    );
  },
  "checkout.sessions.expire": async (shop) => {
    const { id } = await opened(shop);
    const expired = await client(shop).checkout.sessions.expire(id);
    assert.deepEqual([expired.status, expired.url], ["expired", null]);
    await assert.rejects(client(shop).checkout.sessions.expire(id), Stripe.errors.StripeInvalidRequestError);
  },
  "checkout.sessions that are paid": async (shop) => {
    const session = await opened(shop);
    await client(shop).paymentIntents.confirm(session.payment_intent, { payment_method: "pm_card_visa" });
    const paid = await client(shop).checkout.sessions.retrieve(session.id);
    assert.deepEqual([paid.status, paid.payment_status], ["complete", "paid"]);
  },
  "payment_links.create": async (shop) => {
    const link = await linked(shop, {
      metadata: { campaign: "spring" },
      after_completion: { type: "redirect", redirect: { url: "https://shop.example/thanks" } },
      restrictions: { completed_sessions: { limit: 5 } },
    });
    assert.deepEqual([link.object, link.active, link.currency], ["payment_link", true, "usd"]);
    assert.equal(link.url, `${shop.url}/pay/${link.id}`);
    assert.deepEqual(link.restrictions, { completed_sessions: { count: 0, limit: 5 } });
  },
  "payment_links.retrieve": async (shop) => {
    const link = await linked(shop);
    assert.deepEqual(await client(shop).paymentLinks.retrieve(link.id), link);
  },
  "payment_links.update": async (shop) => {
    const { id } = await linked(shop);
    assert.equal((await client(shop).paymentLinks.update(id, { active: false })).active, false);
  },
  "payment_links.list": async (shop) => {
    const { id } = await linked(shop);
    assert.ok(ids(await client(shop).paymentLinks.list({ active: true, limit: 5 })).includes(id));
  },
  "payment_links.line_items.list": async (shop) => {
    const { id } = await linked(shop);
    const { data } = await client(shop).paymentLinks.listLineItems(id);
    assert.deepEqual(
      data.map((line) => [line.description, line.quantity, line.amount_total]),
      [["Mug", 2, 2400]],
    );
  },
};
