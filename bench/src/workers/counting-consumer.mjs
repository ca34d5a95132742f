// The gateway's consumer, with a count of what it asks of D1 and of its queues. Totals since it started, one log line
// an invocation.
import consumer from "../../../consumer/src/index.ts";

export { GitHubBudget } from "../../../consumer/src/index.ts";

const totals = { statements: 0, calls: 0, rowsRead: 0, rowsWritten: 0, received: 0, sent: 0, invocations: 0 };
let counted;

function note(results) {
  totals.calls += 1;
  for (const { meta } of results) {
    totals.statements += 1;
    totals.rowsRead += meta?.rows_read ?? 0;
    totals.rowsWritten += meta?.rows_written ?? 0;
  }
}

function countStatement(inner) {
  const all = async () => {
    const result = await inner.all();
    note([result]);
    return result;
  };
  return {
    inner,
    all,
    run: all,
    bind: (...values) => countStatement(inner.bind(...values)),
    async first(column) {
      const row = (await all()).results[0] ?? null;
      return row === null || column === undefined ? row : row[column];
    },
  };
}

const countDatabase = (db) => ({
  prepare: (sql) => countStatement(db.prepare(sql)),
  async batch(statements) {
    const results = await db.batch(statements.map(({ inner }) => inner));
    note(results);
    return results;
  },
});

const countQueue = (queue) => ({
  send(message, options) {
    totals.sent += 1;
    return queue.send(message, options);
  },
  sendBatch(messages, options) {
    totals.sent += messages.length;
    return queue.sendBatch(messages, options);
  },
});

async function invoke(env, call) {
  counted ??= { ...env, DB: countDatabase(env.DB), WORK: countQueue(env.WORK) };
  totals.invocations += 1;
  await call(counted);
  console.log(JSON.stringify({ event: "bench.operations", ...totals }));
}

export default {
  queue(batch, env) {
    totals.received += batch.messages.length;
    return invoke(env, (counting) => consumer.queue(batch, counting));
  },
  scheduled(controller, env) {
    return invoke(env, (counting) => consumer.scheduled(controller, counting));
  },
};
