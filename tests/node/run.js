// Does with Stripe's client in Node what tests/clients wants: every scenario against a real server. In: where it is, and
// what is there. Out: by scenario, null or what went wrong. With --names only their names.
const { readFileSync } = require("node:fs");

const SCENARIOS = {
  ...require("./scenarios/objects.js"),
  ...require("./scenarios/payments.js"),
  ...require("./scenarios/setup.js"),
  ...require("./scenarios/checkout.js"),
  ...require("./scenarios/behavior.js"),
};
const AT_ONCE = 4;

const run = async (shop) => {
  const came = {};
  const waiting = Object.entries(SCENARIOS);
  const work = async () => {
    for (let next; (next = waiting.shift()); ) {
      const [name, scenario] = next;
      try {
        await scenario(shop);
        came[name] = null;
      } catch (error) {
        came[name] = error.stack;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return came;
};

if (process.argv.includes("--names")) {
  console.log(JSON.stringify(Object.keys(SCENARIOS)));
} else {
  // Connections that are kept open must not keep the process.
  run(JSON.parse(readFileSync(0, "utf8"))).then((came) => process.stdout.write(JSON.stringify(came), () => process.exit()));
}
