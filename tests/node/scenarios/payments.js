// What their client in Node does with payment intents, refunds and charges.
const assert = require("node:assert/strict");
const { client, card, customer, keptMethod, opened, paid, ids } = require("./shop.js");

module.exports = {
  "payment_intents.create": async (shop) => {
    const intent = await opened(shop, { automatic_payment_methods: { enabled: true }, metadata: { order_id: "12345" } });
    assert.deepEqual(
      [intent.object, intent.status, intent.amount, intent.currency],
      ["payment_intent", "requires_payment_method", 2000, "usd"],
    );
    assert.deepEqual([intent.amount_received, intent.latest_charge, intent.metadata.order_id], [0, null, "12345"]);
    assert.ok(intent.client_secret.startsWith(`${intent.id}_secret_`));
    assert.equal(intent.automatic_payment_methods.enabled, true);
  },
  "payment_intents.retrieve": async (shop) => {
    const intent = await opened(shop);
    assert.deepEqual(await client(shop).paymentIntents.retrieve(intent.id), intent);
  },
  "payment_intents.update": async (shop) => {
    const { id } = await opened(shop);
    const changed = await client(shop).paymentIntents.update(id, { amount: 2100, description: "Tea" });
    assert.deepEqual([changed.amount, changed.description], [2100, "Tea"]);
  },
  "payment_intents.list": async (shop) => {
    const owner = await customer(shop);
    const intent = await opened(shop, { customer: owner.id });
    assert.deepEqual(ids(await client(shop).paymentIntents.list({ customer: owner.id })), [intent.id]);
  },
  "payment_intents.search": async (shop) => {
    const metadata = { order: (await customer(shop)).id };
    const held = await paid(shop, { capture_method: "manual", metadata });
    await paid(shop, { metadata });
    const query = `status:'requires_capture' AND metadata['order']:'${metadata.order}'`;
    const found = await client(shop).paymentIntents.search({ query });
    assert.deepEqual([found.object, ids(found)], ["search_result", [held.id]]);
  },
  "payment_intents.confirm": async (shop) => {
    const owner = await customer(shop);
    const method = await keptMethod(shop, owner.id);
    const { id } = await opened(shop, { customer: owner.id });
    const intent = await client(shop).paymentIntents.confirm(id, { payment_method: method.id });
    assert.deepEqual([intent.status, intent.amount_received, intent.customer], ["succeeded", 2000, owner.id]);
    assert.deepEqual([intent.payment_method, intent.latest_charge], [method.id, id.replace("pi_", "ch_")]);
  },
  "payment_intents.confirm with a test card by name": async (shop) => {
    const { id } = await opened(shop);
    const intent = await client(shop).paymentIntents.confirm(id, { payment_method: "pm_card_visa" });
    assert.deepEqual([intent.status, intent.amount_received], ["succeeded", 2000]);
  },
  "payment_intents.confirm by the payer's browser": async (shop) => {
    const { id, client_secret } = await opened(shop);
    const browser = client(shop, { key: shop.publishable_key }).paymentIntents;
    const intent = await browser.confirm(id, { client_secret, payment_method_data: card() });
    assert.equal(intent.status, "succeeded");
    assert.equal((await browser.retrieve(id, { client_secret })).amount_received, 2000);
  },
  "payment_intents.confirm with 3-D Secure": async (shop) => {
    const given = { payment_method_data: card("4000002500003155"), return_url: "https://shop.example/paid" };
    const intent = await client(shop).paymentIntents.confirm((await opened(shop)).id, given);
    assert.deepEqual([intent.status, intent.next_action.type], ["requires_action", "redirect_to_url"]);
    assert.match(intent.next_action.redirect_to_url.url, /^http/);
    assert.equal(intent.next_action.redirect_to_url.return_url, "https://shop.example/paid");
  },
  "payment_intents.confirm off session": async (shop) => {
    const owner = await customer(shop);
    const first = await paid(shop, { customer: owner.id, setup_future_usage: "off_session" });
    const intent = await client(shop).paymentIntents.create({
      amount: 500,
      currency: "usd",
      customer: owner.id,
      payment_method: first.payment_method,
      off_session: true,
      confirm: true,
    });
    assert.deepEqual([intent.status, intent.amount_received], ["succeeded", 500]);
  },
  "payment_intents.capture": async (shop) => {
    const held = await paid(shop, { capture_method: "manual" });
    assert.deepEqual([held.status, held.amount_capturable], ["requires_capture", 2000]);
    const intent = await client(shop).paymentIntents.capture(held.id, { amount_to_capture: 1500 });
    assert.deepEqual([intent.status, intent.amount_received], ["succeeded", 1500]);
  },
  "payment_intents.cancel": async (shop) => {
    const { id } = await paid(shop, { capture_method: "manual" });
    const given = { cancellation_reason: "requested_by_customer" };
    const intent = await client(shop).paymentIntents.cancel(id, given);
    assert.deepEqual([intent.status, intent.cancellation_reason], ["canceled", "requested_by_customer"]);
    assert.ok(intent.canceled_at >= intent.created);
  },
  "refunds.create": async (shop) => {
    const { id, latest_charge: charge } = await paid(shop);
    const given = { payment_intent: id, amount: 500, reason: "requested_by_customer" };
    const refund = await client(shop).refunds.create(given);
    assert.deepEqual(
      [refund.object, refund.status, refund.amount, refund.reason],
      ["refund", "succeeded", 500, "requested_by_customer"],
    );
    assert.deepEqual([refund.payment_intent, refund.charge], [id, charge]);
    assert.equal((await client(shop).refunds.create({ charge })).amount, 1500);
  },
  "refunds.retrieve": async (shop) => {
    const refund = await client(shop).refunds.create({ payment_intent: (await paid(shop)).id });
    assert.deepEqual(await client(shop).refunds.retrieve(refund.id), refund);
  },
  "refunds.update": async (shop) => {
    const refund = await client(shop).refunds.create({ payment_intent: (await paid(shop)).id });
    assert.equal((await client(shop).refunds.update(refund.id, { metadata: { case: "7" } })).metadata.case, "7");
  },
  "refunds.list": async (shop) => {
    const { id, latest_charge: charge } = await paid(shop);
    const refund = await client(shop).refunds.create({ payment_intent: id, amount: 100 });
    assert.deepEqual(ids(await client(shop).refunds.list({ charge })), [refund.id]);
    assert.deepEqual(ids(await client(shop).refunds.list({ payment_intent: id })), [refund.id]);
  },
  "charges.retrieve": async (shop) => {
    const intent = await paid(shop, { receipt_email: "ann@example.com" });
    const charge = await client(shop).charges.retrieve(intent.latest_charge);
    assert.deepEqual([charge.object, charge.amount, charge.amount_captured], ["charge", 2000, 2000]);
    assert.deepEqual([charge.status, charge.paid, charge.captured], ["succeeded", true, true]);
    assert.deepEqual([charge.refunded, charge.disputed, charge.payment_intent], [false, false, intent.id]);
    assert.deepEqual([charge.payment_method_details.card.last4, charge.outcome.type], ["4242", "authorized"]);
    assert.equal(charge.receipt_email, "ann@example.com");
  },
  "charges.list": async (shop) => {
    const owner = await customer(shop);
    const one = await paid(shop, { customer: owner.id });
    const other = await paid(shop, { customer: owner.id });
    const listed = await client(shop).charges.list({ customer: owner.id });
    assert.deepEqual(listed.data.map((charge) => charge.payment_intent), [other.id, one.id]);
    assert.deepEqual(ids(await client(shop).charges.list({ payment_intent: one.id })), [one.latest_charge]);
  },
  "charges.search": async (shop) => {
    const metadata = { order: (await customer(shop)).id };
    const { latest_charge } = await paid(shop, { metadata });
    await opened(shop, { metadata });
    const query = `status:'succeeded' AND metadata['order']:'${metadata.order}'`;
    assert.deepEqual(ids(await client(shop).charges.search({ query })), [latest_charge]);
  },
  "charges.update": async (shop) => {
    const { id, latest_charge } = await paid(shop);
    await client(shop).charges.update(latest_charge, { metadata: { order: "7" } });
    assert.equal((await client(shop).paymentIntents.retrieve(id)).metadata.order, "7");
  },
};
