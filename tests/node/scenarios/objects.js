// What their client in Node does with customers, payment methods, balances, events, disputes, payouts and endpoints.
const assert = require("node:assert/strict");
const { Stripe, client, card, customer, keptMethod, paid, ids } = require("./shop.js");

const disputed = async (shop) => {
  const { latest_payment: payment } = await paid(shop);
  const made = await client(shop).rawRequest("POST", "/sandbox/disputes", { payment });
  return client(shop).disputes.retrieve(made.id);
};

const payout = (shop) => client(shop).payouts.create({ amount: 100, currency: "usd", metadata: { month: "7" } });

const HOOK = { url: "http://127.0.0.1:9999/hook", enabled_events: ["webhook_endpoint.disabled"] };

const withEndpoint = async (shop, use) => {
  const made = await client(shop).webhookEndpoints.create(HOOK);
  await use(made);
  await client(shop).webhookEndpoints.del(made.id);
};

module.exports = {
  "customers.create": async (shop) => {
    const made = await customer(shop);
    assert.deepEqual(
      [made.object, made.email, made.name, made.metadata.shelf, made.livemode],
      ["customer", "ann@example.com", "Ann", "7", false],
    );
    assert.match(made.id, /^cus_/);
    assert.match(made.lastResponse.requestId, /^req_/);
  },
  "customers.retrieve": async (shop) => {
    const made = await customer(shop);
    assert.deepEqual(await client(shop).customers.retrieve(made.id), made);
  },
  "customers.update": async (shop) => {
    const made = await customer(shop);
    const method = await keptMethod(shop, made.id);
    const changed = await client(shop).customers.update(made.id, {
      name: "",
      address: { line1: "1 High Street", country: "GB" },
      shipping: { name: "Ann", address: { line1: "2 High Street" } },
      metadata: { shelf: "", row: "2" },
      invoice_settings: { default_payment_method: method.id },
    });
    assert.deepEqual([changed.name, changed.metadata], [null, { row: "2" }]);
    assert.deepEqual([changed.address.country, changed.shipping.address.line1], ["GB", "2 High Street"]);
    assert.equal(changed.invoice_settings.default_payment_method, method.id);
  },
  "customers.list": async (shop) => {
    const made = await customer(shop);
    const page = await client(shop).customers.list({ limit: 3, created: { gte: made.created } });
    assert.equal(page.object, "list");
    assert.ok(ids(await client(shop).customers.list({ limit: 100 })).includes(made.id));
  },
  "customers.search": async (shop) => {
    const { id } = await customer(shop);
    const found = [];
    const query = "email:'ann@example.com' AND metadata['shelf']:'7'";
    for await (const one of client(shop).customers.search({ query })) found.push(one.id);
    assert.ok(found.includes(id));
    assert.deepEqual((await client(shop).customers.search({ query: "email:'nobody@example.com'" })).data, []);
  },
  "customers.delete": async (shop) => {
    const made = await customer(shop);
    assert.equal((await client(shop).customers.del(made.id)).deleted, true);
    assert.equal((await client(shop).customers.retrieve(made.id)).deleted, true);
  },
  "payment_methods.create": async (shop) => {
    const billing_details = { name: "Ann", address: { country: "GB", postal_code: "N1" } };
    const made = await client(shop).paymentMethods.create(card(undefined, { billing_details }));
    assert.deepEqual([made.object, made.type, made.card.brand, made.card.last4], ["payment_method", "card", "visa", "4242"]);
    assert.equal(made.billing_details.address.country, "GB");
  },
  "payment_methods.retrieve": async (shop) => {
    const made = await client(shop).paymentMethods.create(card());
    assert.deepEqual(await client(shop).paymentMethods.retrieve(made.id), made);
  },
  "payment_methods.update": async (shop) => {
    const made = await client(shop).paymentMethods.create(card());
    const changed = await client(shop).paymentMethods.update(made.id, { card: { exp_month: 11, exp_year: 2035 } });
    assert.deepEqual([changed.card.exp_month, changed.card.exp_year], [11, 2035]);
  },
  "payment_methods.attach": async (shop) => {
    const owner = await customer(shop);
    assert.equal((await keptMethod(shop, owner.id)).customer, owner.id);
  },
  "payment_methods.list": async (shop) => {
    const owner = await customer(shop);
    const method = await keptMethod(shop, owner.id);
    assert.deepEqual(ids(await client(shop).paymentMethods.list({ customer: owner.id, type: "card" })), [method.id]);
    assert.deepEqual(ids(await client(shop).customers.listPaymentMethods(owner.id)), [method.id]);
  },
  "payment_methods.detach": async (shop) => {
    const method = await keptMethod(shop, (await customer(shop)).id);
    assert.equal((await client(shop).paymentMethods.detach(method.id)).customer, null);
  },
  "tokens.create": async (shop) => {
    const token = await client(shop, { key: shop.publishable_key }).tokens.create({ card: card().card });
    assert.equal(token.object, "token");
    const method = await client(shop).paymentMethods.create({ type: "card", card: { token: token.id } });
    assert.equal(method.card.last4, "4242");
  },
  "balance.retrieve": async (shop) => {
    await paid(shop);
    const balance = await client(shop).balance.retrieve();
    assert.ok(balance.pending.some((one) => one.currency === "usd" && Number.isInteger(one.amount)));
    assert.ok(Array.isArray(balance.available));
  },
  "balance_transactions.retrieve": async (shop) => {
    const { latest_charge: source } = await paid(shop);
    const [moved] = (await client(shop).balanceTransactions.list({ source })).data;
    const again = await client(shop).balanceTransactions.retrieve(moved.id);
    assert.deepEqual(again, moved);
    assert.deepEqual([again.type, again.amount, again.net + again.fee, again.status], ["charge", 2000, 2000, "pending"]);
  },
  "balance_transactions.list": async (shop) => {
    await paid(shop);
    const page = await client(shop).balanceTransactions.list({ type: "charge", limit: 1 });
    assert.deepEqual([page.data.length, page.data[0].object], [1, "balance_transaction"]);
  },
  "events.list": async (shop) => {
    const intent = await paid(shop);
    const events = await client(shop).events.list({ type: "payment_intent.succeeded", limit: 100 });
    assert.ok(events.data.some((event) => event.data.object.id === intent.id));
    assert.ok(events.data.every((event) => event.type === "payment_intent.succeeded"));
  },
  "events.retrieve": async (shop) => {
    await paid(shop);
    const [listed] = (await client(shop).events.list({ type: "payment_intent.succeeded", limit: 1 })).data;
    const event = await client(shop).events.retrieve(listed.id);
    assert.deepEqual([event.object, event.data.object.object, event.data.object.status, event.livemode], [
      ...["event", "payment_intent", "succeeded", false],
    ]);
    assert.ok(event.api_version);
  },
  "disputes.retrieve": async (shop) => {
    const dispute = await disputed(shop);
    assert.deepEqual([dispute.object, dispute.status, dispute.amount], ["dispute", "needs_response", 2000]);
    assert.match(dispute.charge, /^ch_/);
    assert.match(dispute.payment_intent, /^pi_/);
    assert.ok(dispute.evidence_details.due_by > dispute.created);
  },
  "disputes.list": async (shop) => {
    const { id, charge, payment_intent } = await disputed(shop);
    assert.deepEqual(ids(await client(shop).disputes.list({ charge })), [id]);
    assert.deepEqual(ids(await client(shop).disputes.list({ payment_intent })), [id]);
  },
  "disputes.update": async (shop) => {
    const changed = await client(shop).disputes.update((await disputed(shop)).id, {
      evidence: { uncategorized_text: "It was delivered." },
      submit: false,
      metadata: { case: "7" },
    });
    assert.deepEqual([changed.evidence.uncategorized_text, changed.evidence_details.has_evidence], ["It was delivered.", true]);
    assert.deepEqual([changed.status, changed.metadata.case], ["needs_response", "7"]);
  },
  "disputes.close": async (shop) => {
    assert.equal((await client(shop).disputes.close((await disputed(shop)).id)).status, "lost");
  },
  "payouts.create": async (shop) => {
    const made = await payout(shop);
    assert.deepEqual([made.object, made.amount, made.currency, made.status], ["payout", 100, "usd", "pending"]);
    assert.deepEqual([made.type, made.method, made.automatic], ["bank_account", "standard", false]);
    assert.ok(made.arrival_date >= made.created);
  },
  "payouts.retrieve": async (shop) => {
    const made = await payout(shop);
    const again = await client(shop).payouts.retrieve(made.id, { expand: ["balance_transaction"] });
    assert.deepEqual([again.id, again.balance_transaction.amount], [made.id, -100]);
  },
  "payouts.list": async (shop) => {
    const made = await payout(shop);
    assert.ok(ids(await client(shop).payouts.list({ limit: 100 })).includes(made.id));
  },
  "payouts.cancel": async (shop) => {
    assert.equal((await client(shop).payouts.cancel((await payout(shop)).id)).status, "canceled");
  },
  "webhook_endpoints.create": (shop) =>
    withEndpoint(shop, (made) => {
      assert.deepEqual([made.object, made.status], ["webhook_endpoint", "enabled"]);
      assert.match(made.secret, /^whsec_/);
      assert.deepEqual(made.enabled_events, HOOK.enabled_events);
    }),
  "webhook_endpoints.retrieve": (shop) =>
    withEndpoint(shop, async (made) => {
      assert.equal((await client(shop).webhookEndpoints.retrieve(made.id)).url, HOOK.url);
    }),
  "webhook_endpoints.update": (shop) =>
    withEndpoint(shop, async (made) => {
      const change = { enabled_events: ["*"], description: "Books" };
      const changed = await client(shop).webhookEndpoints.update(made.id, change);
      assert.deepEqual([changed.enabled_events, changed.description], [["*"], "Books"]);
    }),
  "webhook_endpoints.list": (shop) =>
    withEndpoint(shop, async (made) => {
      assert.ok(ids(await client(shop).webhookEndpoints.list({ limit: 100 })).includes(made.id));
    }),
  "webhook_endpoints.delete": async (shop) => {
    const made = await client(shop).webhookEndpoints.create(HOOK);
    assert.equal((await client(shop).webhookEndpoints.del(made.id)).deleted, true);
    const again = client(shop).webhookEndpoints.retrieve(made.id);
    await assert.rejects(again, (error) => error instanceof Stripe.errors.StripeInvalidRequestError && error.statusCode === 404);
  },
};
