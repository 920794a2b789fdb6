// What their client in Node does with setup intents.
const assert = require("node:assert/strict");
const { Stripe, client, card, customer, ids } = require("./shop.js");

const opened = (shop, more = {}) => client(shop).setupIntents.create({ usage: "off_session", ...more });

module.exports = {
  "setup_intents.create": async (shop) => {
    const intent = await opened(shop, { metadata: { order: "7" }, automatic_payment_methods: { enabled: true } });
    assert.deepEqual(
      [intent.object, intent.status, intent.usage, intent.metadata.order],
      ["setup_intent", "requires_payment_method", "off_session", "7"],
    );
    assert.ok(intent.client_secret.startsWith(`${intent.id}_secret_`));
    assert.equal(intent.automatic_payment_methods.enabled, true);
  },
  "setup_intents.retrieve": async (shop) => {
    const intent = await opened(shop);
    assert.deepEqual(await client(shop).setupIntents.retrieve(intent.id), intent);
  },
  "setup_intents.update": async (shop) => {
    const { id } = await opened(shop);
    assert.equal((await client(shop).setupIntents.update(id, { description: "Tea" })).description, "Tea");
  },
  "setup_intents.list": async (shop) => {
    const owner = await customer(shop);
    const intent = await opened(shop, { customer: owner.id });
    assert.deepEqual(ids(await client(shop).setupIntents.list({ customer: owner.id })), [intent.id]);
  },
  "setup_intents.confirm": async (shop) => {
    const owner = await customer(shop);
    const { id } = await opened(shop, { customer: owner.id });
    const given = { payment_method_data: card(), expand: ["payment_method"] };
    const { status, payment_method: method } = await client(shop).setupIntents.confirm(id, given);
    assert.deepEqual([status, method.customer, method.card.last4], ["succeeded", owner.id, "4242"]);
    // What was set up is charged without the customer.
    const again = await client(shop).paymentIntents.create({
      amount: 500,
      currency: "usd",
      customer: owner.id,
      payment_method: method.id,
      off_session: true,
      confirm: true,
    });
    assert.equal(again.status, "succeeded");
  },
  "setup_intents.confirm of a card that is declined": async (shop) => {
    const intent = await opened(shop, { customer: (await customer(shop)).id });
    const asked = client(shop).setupIntents.confirm(intent.id, { payment_method_data: card("4000000000000002") });
    await assert.rejects(asked, (error) => {
      assert.ok(error instanceof Stripe.errors.StripeCardError, error.stack);
      const { id, status, last_setup_error: why } = error.setup_intent;
      assert.deepEqual([error.code, id, status], ["card_declined", intent.id, "requires_payment_method"]);
      assert.equal(why.decline_code, "generic_decline");
      return true;
    });
  },
  "setup_intents.cancel": async (shop) => {
    const { id } = await opened(shop);
    const intent = await client(shop).setupIntents.cancel(id, { cancellation_reason: "abandoned" });
    assert.deepEqual([intent.status, intent.cancellation_reason], ["canceled", "abandoned"]);
  },
};
