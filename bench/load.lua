-- What wrk sends and notes: new payments, each under a key of its own, or GETs of paths that a file lists.
-- Arguments: "payments" and a prefix for keys, or "paths" and a file; then where to write the report.

local HEADERS = {
   ["Authorization"] = "Bearer sk_test_1234567890abcdef",
   ["Content-Type"] = "application/json",
}
local BODY = '{"amount":%d,"currency":"usd","payment_method":"card","card":{"number":"4242424242424242",'
   .. '"exp_month":12,"exp_year":2034,"cvc":"123","name":"Ada Lovelace"},"description":"Order %d",'
   .. '"metadata":{"order_id":"%d"}}'

local threads = {}
local count = 0
refused = {}
acknowledged = {}

function setup(thread)
   thread:set("number", #threads)
   table.insert(threads, thread)
end

local function next_payment()
   count = count + 1
   HEADERS["Idempotency-Key"] = string.format("%s-%d-%d", prefix, number, count)
   return wrk.format("POST", "/v1/payments", HEADERS, string.format(BODY, 1000 + count % 9000, count, count))
end

local function note_payment(status, headers, body)
   if status == 200 then
      acknowledged[#acknowledged + 1] = string.match(body, '"id":"(pay_%w+)"')
   else
      refused[#refused + 1] = status
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

function init(args)
   if args[1] == "payments" then
      prefix = args[2]
      request, response = next_payment, note_payment
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
