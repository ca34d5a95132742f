// The consumer as it is deployed, behind an entry that reports each step before and after it is taken, and waits until
// it is released: a test kills it there. Steps are its transactions and its wake-ups.
import consumer, { GitHubBudget, Sentinel } from "./index.js";

export { GitHubBudget, Sentinel };

const passOn = globalThis.fetch.bind(globalThis);
const reporting = new Map();

async function step(env, name, take) {
  const report = (when) => passOn(env.STEPS_URL, { method: "POST", body: `${when} ${name}` });
  await report("before");
  const taken = await take();
  await report("after");
  return taken;
}

/** The bindings of one handler, always the same object: the consumer keeps what it made for them. */
function withReports(env, handler) {
  const known = reporting.get(handler);
  if (known !== undefined) return known;
  const bindings = {
    ...env,
    DB: {
      prepare: (sql) => env.DB.prepare(sql),
      batch: (statements) => step(env, `${handler} transaction`, () => env.DB.batch(statements)),
    },
    WORK: { send: (...message) => step(env, `${handler} wake-up`, () => env.WORK.send(...message)) },
  };
  reporting.set(handler, bindings);
  return bindings;
}

export default {
  async queue(batch, env) {
    const handler = ["dead", "work"].find((role) => batch.queue.includes(`-${role}-`)) ?? "events";
    await consumer.queue(batch, withReports(env, handler));
  },
  async scheduled(controller, env) {
    await consumer.scheduled(controller, withReports(env, "cron"));
  },
};
