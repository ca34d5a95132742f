// The consumer as it is deployed, behind an entry that tells of each step before and after it takes it, and waits until
// it is let go on: a test kills it there. Steps are its transactions and its wake-ups.
import consumer, { GitHubBudget } from "./index.js";

export { GitHubBudget };

const passOn = globalThis.fetch.bind(globalThis);
const watched = new Map();

async function step(env, name, take) {
  const tell = (when) => passOn(env.STEPS_URL, { method: "POST", body: `${when} ${name}` });
  await tell("before");
  const taken = await take();
  await tell("after");
  return taken;
}

/** The bindings of one handler, always the same: the consumer keeps what it made for them. */
function watch(env, handler) {
  const known = watched.get(handler);
  if (known !== undefined) return known;
  const bindings = {
    ...env,
    DB: {
      prepare: (sql) => env.DB.prepare(sql),
      batch: (statements) => step(env, `${handler} transaction`, () => env.DB.batch(statements)),
    },
    WORK: { send: (...message) => step(env, `${handler} wake-up`, () => env.WORK.send(...message)) },
  };
  watched.set(handler, bindings);
  return bindings;
}

export default {
  async queue(batch, env) {
    const handler = ["dead", "work"].find((role) => batch.queue.includes(`-${role}-`)) ?? "events";
    await consumer.queue(batch, watch(env, handler));
  },
  async scheduled(controller, env) {
    await consumer.scheduled(controller, watch(env, "cron"));
  },
};
