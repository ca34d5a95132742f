import { once } from "node:events";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/system/ports.ts";
import { runGateway } from "../support/gateway-command.ts";
import { runHere } from "../support/gateway-here.ts";
import { makeDeadLetterDetail, makeOverview, makeReplay } from "../support/items.ts";
import {
  page,
  type Replies,
  type Reply,
  refused,
  startOperatorServer,
  TOKEN,
} from "../support/operator-server.ts";

const UNKNOWN = refused(404, "not_found", "not found");

test.each<[string, Replies]>([
  ["deliveries list", { "GET /api/deliveries": page([]) }],
  ["validations list --state dead", { "GET /api/validations": page([]) }],
  ["dlq list", { "GET /api/dead-letters": page([]) }],
  ["replays list", { "GET /api/replays": page([]) }],
  ["validations show nope", {}],
  ["validations cancel nope", {}],
  ["validations rerun nope", {}],
  ["dlq show nope", {}],
  ["replays show nope", {}],
  ["replays show nope --follow", {}],
  ["replays cancel nope", {}],
  ["trace acme/widgets#404", { "GET /api/trace": UNKNOWN }],
  ["dlq replay nope --yes", { "POST /api/replays": { body: { dry_run: true, total: 0, sample: [] } } }],
  ["dlq replay --all", { "POST /api/replays": UNKNOWN }],
  [
    "dlq discard --all --dry-run",
    { "POST /api/dead-letters/discard": { body: { dry_run: true, total: 0, sample: [] } } },
  ],
  ["dlq show dead-letter --raw", { "GET /api/dead-letters/dead-letter": { body: makeDeadLetterDetail() } }],
  [
    "status acme/unheard-of",
    {
      "GET /webhook/projects/acme/unheard-of/status": {
        body: {
          project_id: "acme/unheard-of",
          webhook_configured: false,
          last_event: null,
          status: "inactive",
          counts: { queued: 0, running: 0, completed: 0, failed: 0 },
          validations: [],
        },
      },
    },
  ],
])("ends with 3 if nothing matches: %s", async (command, replies) => {
  const server = await startOperatorServer(replies);

  const ran = await server.run(...command.split(" "));

  expect(ran).toMatchObject({ code: 3, stdout: "" });
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test.each([
  [0, "replays list", "", ""],
  [1, "deliveries list", "", "error: something went wrong on our side (request request-1)\n"],
  [2, "deliveries list --limit 0", "", "error: option '--limit <n>' argument '0' is invalid."],
  [3, "dlq list --output json", '{"items":[],"next_cursor":null}\n', "no dead letter matches\n"],
])("ends its process with %i: %s", async (code, command, stdout, stderr) => {
  const server = await startOperatorServer({
    "GET /api/replays": page([makeReplay()]),
    "GET /api/deliveries": refused(500, "internal_error", "something went wrong on our side"),
    "GET /api/dead-letters": page([]),
  });

  const ran = await server.spawn(...command.split(" "));

  expect(ran).toEqual({
    code,
    stdout: code === 0 ? expect.stringContaining("replay") : stdout,
    stderr: expect.stringContaining(stderr),
  });
});

test("prints the empty list as JSON", async () => {
  const server = await startOperatorServer({ "GET /api/dead-letters": page([]) });

  expect(await server.run("dlq", "list", "--output", "json")).toEqual({
    code: 3,
    stdout: '{"items":[],"next_cursor":null}\n',
    stderr: "no dead letter matches\n",
  });
});

test.each<[string, string, Reply, string]>([
  [
    "a wrong token",
    "status",
    refused(401, "unauthorized", "a token is needed"),
    "error: GATEWAY_TOKEN is refused: set it to the gateway's OPERATOR_TOKEN or READER_TOKEN\n",
  ],
  [
    "a reader who tries to act",
    "validations cancel x",
    refused(403, "forbidden", "a reader may only look"),
    "error: GATEWAY_TOKEN is a reader's token: set it to the gateway's OPERATOR_TOKEN\n",
  ],
  [
    "an error of the gateway",
    "status",
    refused(500, "internal_error", "something went wrong on our side"),
    "error: something went wrong on our side (request request-1)\n",
  ],
  [
    "too many requests",
    "status",
    refused(429, "rate_limited", "too many failed attempts"),
    "error: too many failed attempts (request request-1)\n",
  ],
  [
    "another service",
    "status",
    { status: 502, body: "<html>" },
    "does not answer like a gateway (HTTP 502)\n",
  ],
  [
    "another service that answers 200",
    "status",
    { body: "<html>" },
    "(the whole): it may run another version\n",
  ],
  [
    "a gateway of another version",
    "status",
    { body: { ...makeOverview(), waiting: null } },
    "(waiting): it may run another version\n",
  ],
  [
    "a gateway without the route",
    "status",
    UNKNOWN,
    "does not know this request: it may run another version\n",
  ],
  [
    "a redirect",
    "validations cancel x",
    { status: 301, headers: { location: "https://gateway.example.com/" } },
    "redirects to https://gateway.example.com/: pass that as --url\n",
  ],
])("ends with 1 and one line for %s", async (_, command, reply, message) => {
  const server = await startOperatorServer({
    "GET /api/status": reply,
    "POST /api/validations/x/cancel": reply,
  });

  const ran = await server.run(...command.split(" "));

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain(message);
  expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
});

test("ends with 3 if what is to be approved does not wait for it", async () => {
  const reply = refused(409, "not_held", "the validation is not waiting for approval: it is queued");
  const server = await startOperatorServer({ "POST /api/validations/x/approve": reply });

  expect(await server.run("validations", "approve", "x", "--reason", "reviewed")).toMatchObject({
    code: 3,
    stderr: "error: the validation is not waiting for approval: it is queued\n",
  });
});

test("prints no escape sequence of a refusal", async () => {
  const reply = refused(409, "replay_under_way", "being replayed: \u001b[2J\u202eevil\nerror: gone");
  const server = await startOperatorServer({ "GET /api/status": reply });

  expect((await server.run("status")).stderr).toBe(
    "error: being replayed: evil error: gone (request request-1)\n",
  );
});

test("says in one line that no gateway answers", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;

  expect(await runHere(["status", "--url", url], { GATEWAY_TOKEN: TOKEN })).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: no gateway answers at ${url} (ECONNREFUSED)\n`,
  });
});

test("says so if a connection is lost", async () => {
  const server = createServer((request) => request.socket.destroy()).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;

  const ran = await runHere(["status"], { GATEWAY_TOKEN: TOKEN, GATEWAY_URL: url });

  expect(ran).toMatchObject({ code: 1, stderr: `error: no gateway answers at ${url} (UND_ERR_SOCKET)\n` });
});

test("requires a token if there is no terminal to ask on", async () => {
  const ran = await runGateway(["status"]);

  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toMatch(/^error: GATEWAY_TOKEN is not set: .*\n$/);
});

test.each([
  ["--output yaml status", "Allowed choices are table, json."],
  ["--url nonsense status", "--url is not a URL"],
  ["--url ftp://localhost status", "--url is not a URL"],
  ["--url http://mona:secret@localhost status", "--url must not have a user or a password"],
  ["--token secret status", "unknown option '--token'"],
  ["status acme", "It must be owner/repo."],
  ["status acme/widgets more", "too many arguments"],
  ["trace", "missing required argument 'what'"],
  ["deliveries", "Usage: gateway deliveries"],
  ["deliveries list --since yesterday", "It must be a time span such as 30m, 6h or 2d"],
  ["deliveries list --since 1h --until 2h", "--since is later than --until"],
  ["deliveries list --limit 0", "It must be a whole number from 1 to 200."],
  ["deliveries list --limit 201", "It must be a whole number from 1 to 200."],
  ["deliveries list --limit 1e2", "It must be a whole number from 1 to 200."],
  ["validations list --state queued,sleeping", "It must be some of held, queued, dispatching"],
  ["validations list --sha xyz", "It must be a commit SHA"],
  ["validations list --pr 0", "It must be a whole number"],
  ["validations list --event issues", "It must be one of pull_request, merge_group, push."],
  ["validations show", "missing required argument 'id'"],
  ["dlq list --kind message", "It must be one of fact, dispatch, cancel, report, event."],
  ["dlq list --state closed", "It must be one of open, replaying, replayed, discarded, any."],
  ["dlq replay", "which dead letters? Name their ids, a filter (--repo, --kind, …) or --all"],
  ["dlq discard --yes", "which dead letters?"],
  ["dlq replay a --all", "ids and --all exclude each other"],
  ["dlq replay a --repo acme/widgets", "ids and --repo exclude each other"],
  ["dlq replay --all --kind fact", "--kind, --all exclude each other"],
  ["dlq replay --all --rate 0", "It must be a whole number from 1 to 6000."],
  ["dlq replay --all --rate 6001", "It must be a whole number from 1 to 6000."],
  ["dlq discard --all --rate 5", "unknown option '--rate'"],
  ["reconcile --since -1h", "It must be a time span"],
])("ends with 2 for bad usage: %s", async (command, message) => {
  const server = await startOperatorServer({});

  const ran = await server.run(...command.split(" "));

  expect(ran).toMatchObject({ code: 2, stdout: "" });
  expect(ran.stderr).toContain(message);
  expect(ran.stderr).not.toContain("    at ");
  expect(server.asked).toEqual([]);
});

test("ends with 2 for a value that the gateway refuses", async () => {
  const reply = refused(400, "invalid_query", "the cursor is not from this list");
  const server = await startOperatorServer({ "GET /api/replays": reply });

  expect(await server.run("replays", "list", "--cursor", "nonsense")).toMatchObject({
    code: 2,
    stderr: "error: the cursor is not from this list\n",
  });
});
