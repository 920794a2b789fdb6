-- One payment as an application would write it that keeps the same rows and does not batch: two transactions, the bank
-- between them. Bodies, sizes and accounts are those of a real payment; ids rise with time, keys are random.
\set n :n + 1
\set id :start + :n * 64 + :client_id
\set random random(1000000000000000, 9999999999999999)
begin;
insert into idempotency_keys (tenant, id, version, shape, body, created) values (:tenant, :random::text || :key_rest, 1, 1, :key_claimed, :at) on conflict (tenant, id) do nothing returning tenant, id;
insert into attempts (tenant, id, version, shape, body) values (:tenant, 'att_0000000000' || :id::text || '_1', 1, 1, :attempt_sending);
insert into payment_methods (tenant, id, version, shape, body, erase_at) values (:tenant, 'pm_0000000000' || :id::text, 1, 1, :payment_method, :at);
insert into payments (tenant, id, version, shape, body, customer, terms) values (:tenant, 'pay_0000000000' || :id::text, 1, 1, :payment_pending, null, :payment_terms);
insert into terms (tenant, name, value, id) values (:tenant, 'metadata[order_id]', :n::text, 'pay_0000000000' || :id::text);
insert into timers (tenant, kind, subject, due_at) values (:tenant, 'inquire', 'att_0000000000' || :id::text || '_1', :at) on conflict (tenant, kind, subject) do update set due_at = excluded.due_at;
commit;
begin;
select tenant, id, version from attempts where tenant = :tenant and id = 'att_0000000000' || :id::text || '_1' for update;
select tenant, id, version from idempotency_keys where tenant = :tenant and id = :random::text || :key_rest for update;
select tenant, id, version, terms from payments where tenant = :tenant and id = 'pay_0000000000' || :id::text for update;
update attempts set version = 2, shape = 1, body = :attempt_approved where tenant = :tenant and id = 'att_0000000000' || :id::text || '_1';
update idempotency_keys set version = 2, shape = 1, body = :key_answered, created = :at where tenant = :tenant and id = :random::text || :key_rest;
update payments set version = 2, shape = 1, body = :payment_succeeded, customer = null, terms = :payment_terms where tenant = :tenant and id = 'pay_0000000000' || :id::text;
insert into entries (tenant, id, subject, occurred_at, actor, surface, request_id, type, balance_transaction, currency, net, available_at, amount) values (:tenant, 'att_0000000000' || :id::text || :captured, 'pay_0000000000' || :id::text, :at, :actor, 'v1', :request_id, 'charge', 'bt_0000000000' || :id::text, 'USD', 1912, :at, 2000);
insert into transactions (tenant, id, stage, currency, amount, customer) values (:tenant, 'txn_0000000000' || :id::text, 'succeeded', 'USD', 2000, null) on conflict (tenant, id) do update set stage = excluded.stage;
insert into events (tenant, id, type, stream, sequence, created, object, view, actor, surface, request_id) values (:tenant, 'evt_0000000000' || :id::text || 'a', 'payment.created', 'pay_0000000000' || :id::text, 1, :at, 'pay_0000000000' || :id::text, :payment_pending, :actor, 'v1', :request_id), (:tenant, 'evt_0000000000' || :id::text || 'b', 'payment.succeeded', 'pay_0000000000' || :id::text, 2, :at, 'pay_0000000000' || :id::text, :payment_succeeded, :actor, 'v1', :request_id);
insert into postings (tenant, entry, line, source, destination, currency, amount) values (:tenant, 'att_0000000000' || :id::text || :captured, 0, :receivable, :payable, 'USD', 2000), (:tenant, 'att_0000000000' || :id::text || :captured, 1, :payable, :fees, 'USD', 88);
insert into outbox (stream, sequence, tenant, event, type) values ('pay_0000000000' || :id::text, 1, :tenant, 'evt_0000000000' || :id::text || 'a', 'payment.created'), ('pay_0000000000' || :id::text, 2, :tenant, 'evt_0000000000' || :id::text || 'b', 'payment.succeeded');
delete from timers where tenant = :tenant and kind = 'inquire' and subject = 'att_0000000000' || :id::text || '_1';
insert into balances (tenant, account, currency, lane, amount) values (:tenant, :receivable, 'USD', :client_id, -2000), (:tenant, :fees, 'USD', :client_id, 88), (:tenant, :payable, 'USD', :client_id, 1912) on conflict (tenant, account, currency, lane) do update set amount = balances.amount + excluded.amount;
commit;
