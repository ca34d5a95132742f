/**
 * Cloudflare's API over a fake account: the list of queues, and what the real Wrangler asks for when it does what
 * provisioning wants.
 */
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import {
  ACCOUNT_ID,
  API_TOKEN,
  type FakeAccount,
  type FakeBucket,
  type FakeQueue,
} from "./fake-wrangler-account.ts";

interface Question {
  readonly query: URLSearchParams;
  readonly body: string;
  /** What the path's pattern caught. */
  readonly caught: readonly string[];
}

interface Reply {
  readonly status?: number;
  readonly result?: unknown;
  readonly error?: readonly [code: number, message: string];
  readonly info?: object;
}

type Route = readonly [
  method: string,
  path: RegExp,
  answer: (account: FakeAccount, asked: Question) => Reply,
];

/** Small, so that lists have several pages. */
const PAGE_SIZE = 2;

const shownQueue = ({ name, retention, consumers }: FakeQueue) => ({
  queue_id: name,
  queue_name: name,
  created_on: "2026-11-24T00:00:00Z",
  modified_on: "2026-11-24T00:00:00Z",
  producers: [],
  producers_total_count: 0,
  consumers: consumers.map((one) => ({ ...one, consumer_id: one.script, settings: {} })),
  consumers_total_count: consumers.length,
  settings: { delivery_delay: 0, ...(retention === null ? {} : { message_retention_period: retention }) },
});

const NO_WORKER: Reply = { status: 404, error: [10_007, "This Worker does not exist on your account."] };
const NO_BUCKET: Reply = { status: 404, error: [10_006, "The specified bucket does not exist."] };

type FakeRule = FakeBucket["rules"][number];

/** As the API writes a rule. */
const shownRule = ({ id, prefix, days }: FakeRule) => ({
  id,
  enabled: true,
  conditions: { prefix },
  deleteObjectsTransition: { condition: { type: "Age", maxAge: days * 86_400 } },
});
const keptRule = (rule: ReturnType<typeof shownRule>): FakeRule => ({
  id: rule.id,
  prefix: rule.conditions.prefix,
  days: rule.deleteObjectsTransition.condition.maxAge / 86_400,
});

const NO_DATABASE: Reply = { status: 404, error: [7404, "The database could not be found"] };

/** Answers about one Worker, which may not be there. */
const ofWorker =
  (answer: (secrets: Record<string, string>, asked: Question) => unknown) =>
  (account: FakeAccount, asked: Question): Reply => {
    const [script = ""] = asked.caught;
    if (account.read().workers[script] === undefined) return NO_WORKER;
    let result: unknown;
    account.change(({ workers }) => {
      result = answer(workers[script]?.secrets ?? {}, asked);
    });
    return { result };
  };

const ROUTES: readonly Route[] = [
  [
    "GET",
    /^\/queues$/,
    (account, { query }) => {
      const name = query.get("name");
      const queues = account.read().queues.filter((one) => name === null || one.name === name);
      const first = (Number(query.get("page")) - 1) * PAGE_SIZE;
      const info = { page: 1, per_page: PAGE_SIZE, total_pages: Math.ceil(queues.length / PAGE_SIZE) };
      return { result: queues.slice(first, first + PAGE_SIZE).map(shownQueue), info };
    },
  ],
  [
    "POST",
    /^\/queues$/,
    (account, { body }) => {
      const { queue_name: name, settings } = JSON.parse(body);
      const queue = { name, retention: settings?.message_retention_period ?? 345_600, consumers: [] };
      account.change(({ queues }) => queues.push(queue));
      return { result: shownQueue(queue) };
    },
  ],
  [
    "PATCH",
    /^\/queues\/([^/]+)$/,
    (account, { caught, body }) => {
      account.change(({ queues }) => {
        const queue = queues.find(({ name }) => name === caught[0]);
        if (queue !== undefined) queue.retention = JSON.parse(body).settings.message_retention_period;
      });
      return { result: {} };
    },
  ],
  [
    "DELETE",
    /^\/queues\/([^/]+)\/consumers\/([^/]+)$/,
    (account, { caught: [name, script] }) => {
      account.change(({ queues }) => {
        const queue = queues.find((one) => one.name === name);
        if (queue !== undefined) queue.consumers = queue.consumers.filter((one) => one.script !== script);
      });
      return { result: {} };
    },
  ],
  [
    "GET",
    /^\/r2\/buckets\/([^/]+)\/lifecycle$/,
    (account, { caught: [name] }) => {
      const bucket = account.read().buckets.find((one) => one.name === name);
      return bucket === undefined ? NO_BUCKET : { result: { rules: bucket.rules.map(shownRule) } };
    },
  ],
  [
    "PUT",
    /^\/r2\/buckets\/([^/]+)\/lifecycle$/,
    (account, { caught: [name], body }) => {
      account.change(({ buckets }) => {
        const bucket = buckets.find((one) => one.name === name);
        if (bucket !== undefined) bucket.rules = JSON.parse(body).rules.map(keptRule);
      });
      return { result: {} };
    },
  ],
  [
    "POST",
    /^\/r2\/buckets$/,
    (account, { body }) => {
      account.change(({ buckets }) => buckets.push({ name: JSON.parse(body).name, rules: [] }));
      return { result: {} };
    },
  ],
  ["GET", /^\/d1\/database$/, (account) => ({ result: account.read().databases })],
  [
    "POST",
    /^\/d1\/database$/,
    (account, { body }) => {
      const database = { uuid: crypto.randomUUID(), name: JSON.parse(body).name, applied: null };
      account.change(({ databases }) => databases.push(database));
      return { result: database };
    },
  ],
  [
    "GET",
    /^\/d1\/database\/([^/]+)$/,
    (account, { caught: [name = ""] }) => {
      const found = account.read().databases.find((one) => [one.name, one.uuid].includes(name));
      return found === undefined ? NO_DATABASE : { result: found };
    },
  ],
  ["POST", /^\/d1\/database\/([^/]+)\/query$/, query],
  [
    "GET",
    /^\/workers\/scripts\/([^/]+)\/secrets$/,
    ofWorker((secrets) => Object.keys(secrets).map((name) => ({ name }))),
  ],
  [
    "PATCH",
    /^\/workers\/scripts\/([^/]+)\/secrets-bulk$/,
    ofWorker((secrets, { body }) => {
      for (const [name, { text: value }] of Object.entries<{ text: string }>(JSON.parse(body).secrets))
        secrets[name] = value;
      return {};
    }),
  ],
  [
    "PUT",
    /^\/workers\/scripts\/([^/]+)$/,
    (account, { caught: [script = ""] }) => {
      account.change(({ workers }) => {
        workers[script] ??= { secrets: {} };
      });
      return { result: {} };
    },
  ],
];

/** Of D1 as much as migrations need. */
function query(account: FakeAccount, { caught: [uuid], body }: Question): Reply {
  const { sql } = JSON.parse(body) as { sql: string };
  const { databases } = account.read();
  const applied = databases.find((one) => one.uuid === uuid)?.applied;
  if (applied === undefined) return NO_DATABASE;
  if (/^\s*SELECT/.test(sql)) {
    if (applied === null) return { status: 400, error: [7500, "no such table: d1_migrations: SQLITE_ERROR"] };
    return { result: [{ results: applied.map((name) => ({ name })), success: true, meta: {} }] };
  }
  const [, name] = /INSERT INTO "?d1_migrations"? \(name\)\s+values \('([^']+)'\)/i.exec(sql) ?? [];
  account.change((state) => {
    for (const one of state.databases) {
      if (one.uuid === uuid) one.applied = [...(one.applied ?? []), ...(name === undefined ? [] : [name])];
    }
  });
  return { result: [{ results: [], success: true, meta: {} }] };
}

/** Starts the API. It ends with the test. */
export async function startFakeApi(account: FakeAccount) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
    const body = await text(request);
    asked.push(`${request.method} ${pathname}`);
    const { refused = "none" } = account.read();
    const authorized = request.headers.authorization === `Bearer ${API_TOKEN}` && !pathname.includes(refused);
    const reply = authorized
      ? answer(account, request.method ?? "", pathname, { query: searchParams, body })
      : ({ status: 403, error: [10_000, "Authentication error"] } as const);
    const { status = 200, result = null, error, info } = reply;
    const errors = error === undefined ? [] : [{ code: error[0], message: error[1] }];
    response.writeHead(status, { "content-type": "application/json" });
    response.end(
      JSON.stringify({ success: error === undefined, errors, messages: [], result, result_info: info }),
    );
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`, asked };
}

function answer(
  account: FakeAccount,
  method: string,
  path: string,
  { query: given, body }: Pick<Question, "query" | "body">,
): Reply {
  const below = path.replace(`/accounts/${ACCOUNT_ID}`, "");
  for (const [routeMethod, pattern, serve] of ROUTES) {
    const match = routeMethod === method ? pattern.exec(below) : null;
    if (match !== null) return serve(account, { query: given, body, caught: match.slice(1) });
  }
  return { status: 404, error: [7003, `Could not route to ${path}`] };
}
