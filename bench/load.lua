-- What wrk sends and notes: new payments or payment intents, each request under a key of its own, or GETs of paths that
-- a file lists. Arguments: "payments", "intents" or "intents at once" and a prefix for keys, or "paths" and a file; then
-- where to write the report.

local HEADERS = {
   ["Authorization"] = "Bearer sk_test_1234567890abcdef",
   ["Content-Type"] = "application/json",
}
local CARD = '"card":{"number":"4242424242424242","exp_month":12,"exp_year":2034,"cvc":"123","name":"Ada Lovelace"}'
local ORDER = '"amount":%d,"currency":"usd","description":"Order %d","metadata":{"order_id":"%d"}'
local PAYMENT = '{"payment_method":"card",' .. CARD .. ',' .. ORDER .. '}'
local INTENT = '{' .. ORDER .. '}'
local METHOD = '"payment_method_data":{"type":"card",' .. CARD .. '}'
local CONFIRMED_INTENT = '{"confirm":true,' .. METHOD .. ',' .. ORDER .. '}'

local threads = {}
local count = 0
local opened = {}
refused = {}
acknowledged = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local function post(path, body)
   count = count + 1
   HEADERS["Idempotency-Key"] = string.format("%s-%d-%d", prefix, number, count)
   return wrk.format("POST", path, HEADERS, string.format(body, 1000 + count % 9000, count, count))
end

local function next_payment()
   return post("/v1/payments", PAYMENT)
end

local function next_intent_at_once()
   return post("/v1/payment_intents", CONFIRMED_INTENT)
end

-- What was opened is confirmed; where nothing is open, another is opened.
local function next_intent()
   local id = table.remove(opened)
   if id then
      return post("/v1/payment_intents/" .. id .. "/confirm", "{" .. METHOD .. "}")
   end
   return post("/v1/payment_intents", INTENT)
end

local function note_payment(status, headers, body)
   if status == 200 then
      acknowledged[#acknowledged + 1] = string.match(body, '"id":"(pay_%w+)"')
   else
      refused[#refused + 1] = status
   end
end

local function note_intent(status, headers, body)
   if status ~= 200 then
      refused[#refused + 1] = status
   elseif string.find(body, '"status":"succeeded"', 1, true) then
      acknowledged[#acknowledged + 1] = string.match(body, '"latest_payment":"(pay_%w+)"')
   else
      opened[#opened + 1] = string.match(body, '"id":"(pi_%w+)"')
   end
end

local function next_path()
   count = count % #requests + 1
   return requests[count]
end

local function note_refusal(status)
   if status ~= 200 then
      refused[#refused + 1] = status
   end
end

local POSTED = {
   ["payments"] = { next_payment, note_payment },
   ["intents"] = { next_intent, note_intent },
   ["intents at once"] = { next_intent_at_once, note_intent },
}

function init(args)
   if POSTED[args[1]] then
      prefix = args[2]
      request, response = unpack(POSTED[args[1]])
   else
      requests = {}
      for path in io.lines(args[2]) do
         requests[#requests + 1] = wrk.format("GET", path, HEADERS)
      end
      request, response = next_path, note_refusal
   end
   report = args[3]
end

function done(summary, latency, requests)
   local file = io.open(threads[1]:get("report"), "w")
   file:write(string.format(
      '{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"slowest":%d,"failed":%d,"refused":[',
      summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max,
      summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
   local statuses, ids = {}, {}
   for _, thread in ipairs(threads) do
      for _, status in ipairs(thread:get("refused")) do statuses[#statuses + 1] = status end
      for _, id in ipairs(thread:get("acknowledged")) do ids[#ids + 1] = '"' .. id .. '"' end
   end
   file:write(table.concat(statuses, ","), '],"acknowledged":[', table.concat(ids, ","), "]}")
   file:close()
end
