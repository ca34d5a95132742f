import { MAX_LATE_CALLBACKS } from "@webhook-gateway/shared/runs/callback-limits.ts";
import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { staysSilent } from "../../grainchain/scenarios.ts";
import { waitUntil } from "../../support/patience.ts";
import { SECRETS } from "../support/gateway.ts";
import { type Attack, freshClient, hmac } from "./support/attack.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { anyCallback, type CallbackBody, FORGED_TOKENS, NO_CALLBACKS, tokenOf } from "./support/callbacks.ts";
import { expectHealthy, shareTarget } from "./support/target.ts";

const REPO = "acme/widgets";
const PULLS = 6;
const MIB = 1024 * 1024;

const target = shareTarget(new Tally("callbacks"));
/** The deliveries that started the validations. */
const recorded = new Set<string>();
/** Validations in progress, `gc-6` first: it never gets an authentic callback. */
let ids: readonly string[] = [];
/** How many callbacks were accepted. */
let accepted = 0;

beforeAll(async () => {
  const { gateway, grainchain } = target();
  grainchain.script.scenario = staysSilent;
  for (let pr = 1; pr <= PULLS; pr++) {
    const { guid } = await gateway.send("pull_request.opened", { repo: REPO, pr });
    recorded.add(guid);
  }
  await gateway.waitFor(UNDER_WAY, PULLS);
  const rows = await gateway.rows("SELECT id FROM validations ORDER BY grainchain_id DESC");
  ids = rows.map(({ id }) => String(id));
});

const UNDER_WAY = `
  SELECT 1 FROM (SELECT count(*) AS n FROM validations WHERE grainchain_id IS NOT NULL) WHERE n = ?1`;

const nth = (index: number): string => ids[index] ?? "";

/** Sends a callback, and counts those that are accepted. */
async function sendCallback(path: string, body: Buffer, expected: number[], headers: Attack["headers"] = {}) {
  const own = { "cf-connecting-ip": freshClient(), "content-type": "application/json", ...headers };
  const answer = await target().attack({ method: "POST", path, headers: own, body }, expected);
  if (answer.status === 200 || answer.status === 202) accepted++;
}

const callbackOf = (over: Readonly<Record<string, unknown>> = {}): Buffer =>
  Buffer.from(JSON.stringify({ project_id: REPO, pr_number: 1, status: "completed", ...over }));

test.each(FORGED_TOKENS)("refuses a callback with %s as its token", async (_, forge) => {
  const token = await forge(nth(0), nth(1));
  // Without a token, the path does not exist.
  const refused = token === "" ? [404] : [401];
  await sendCallback(`/callbacks/${nth(0)}/${token}`, callbackOf(), refused);
  await sendCallback(
    `/callbacks/${nth(0)}/${token}/webhook/status`,
    callbackOf(),
    token === "" ? [404, 401] : refused,
  );
});

test.each([
  ["nothing", {}],
  ["an empty signature", { "x-grainchain-signature-256": "" }],
  ["the webhook's signature", { "x-grainchain-signature-256": signed(SECRETS.GITHUB_WEBHOOK_SECRET) }],
  ["GitHub's header", { "x-hub-signature-256": signed(SECRETS.GRAINCHAIN_CALLBACK_SECRET) }],
  [
    "another body's signature",
    { "x-grainchain-signature-256": signed(SECRETS.GRAINCHAIN_CALLBACK_SECRET, " ") },
  ],
  ["an operator's token", { authorization: `Bearer ${SECRETS.OPERATOR_TOKEN}` }],
  ["a reader's token", { authorization: `Bearer ${SECRETS.READER_TOKEN}` }],
  ["no token", { authorization: "Bearer " }],
])("refuses a callback with %s", async (_, headers) => {
  await sendCallback("/webhook/status", callbackOf({ validation_id: nth(0) }), [401], headers);
  await sendCallback(`/callbacks/${nth(0)}/x`, callbackOf({ validation_id: nth(0) }), [401], headers);
});

function signed(secret: string, more = ""): string {
  return `sha256=${hmac(secret, callbackOf({ validation_id: "x" }).toString() + more)}`;
}

test.each(NO_CALLBACKS)("refuses a callback that is %s", async (_, body) => {
  await sendCallback(`/callbacks/${nth(1)}/${await tokenOf(nth(1))}`, body, [400]);
});

test.each([
  ["of 4 MiB", 4 * MIB, 400],
  ["of more than 4 MiB", 4 * MIB + 1, 413],
])("refuses a callback %s", async (_, length, status) => {
  await sendCallback(`/callbacks/${nth(1)}/${await tokenOf(nth(1))}`, Buffer.alloc(length, "["), [status]);
});

/** How each level of nesting starts and ends, and what is inside the last. */
const NESTS = [
  ["lists", "[", "]", ""],
  ["objects", '{"a":', "}", "1"],
  ["objects that say how to write them", '{"toJSON":', "}", "1"],
  ["lists around an object that says how to write it", "[", "]", '{"toJSON":{}}'],
  ["lists around a lone surrogate", "[", "]", '"\\ud800"'],
] as const;

test.each(NESTS)("accepts results of nested %s, however deep", async (_, open, close, bottom) => {
  const path = `/callbacks/${nth(2)}/${await tokenOf(nth(2))}`;
  for (const levels of [99, 101, 1_000, 10_000, 100_000]) {
    const deep = open.repeat(levels) + bottom + close.repeat(levels);
    const results = `{"success":true,"deep":${deep}}`;
    await sendCallback(
      path,
      Buffer.from(callbackOf().toString().replace(/}$/, `,"results":${results}}`)),
      [200],
    );
  }
});

test("accepts every body with the form of a callback, and no other", async () => {
  const attacks = fc.tuple(anyCallback, fc.integer({ min: 1, max: PULLS - 1 }), fc.boolean());
  await fc.assert(
    fc.asyncProperty(together(attacks), async (all) => {
      await Promise.all(all.map((one) => sendAnything(...one)));
    }),
    budget(),
  );
  expect(accepted).toBeGreaterThan(0);
});

async function sendAnything(
  { body, valid }: CallbackBody,
  index: number,
  bySignature: boolean,
): Promise<void> {
  if (!bySignature) {
    const path = `/callbacks/${nth(index)}/${await tokenOf(nth(index))}`;
    return sendCallback(path, body, [valid ? 200 : 400]);
  }
  const signature = `sha256=${hmac(SECRETS.GRAINCHAIN_CALLBACK_SECRET, body)}`;
  const unsigned = body.length === 0 ? 401 : 400;
  // On this route, the body has to name the validation.
  const named = valid && typeof JSON.parse(body.toString()).validation_id === "string";
  return sendCallback("/webhook/status", body, [named ? 202 : unsigned], {
    "x-grainchain-signature-256": signature,
  });
}

test("accepts callbacks after the end, and changes nothing", async () => {
  const path = `/callbacks/${nth(1)}/${await tokenOf(nth(1))}`;
  await sendCallback(path, callbackOf({ status: "cancelled" }), [200]);
  const ended = await target().gateway.waitFor(
    "SELECT state, conclusion, results FROM validations WHERE id = ?1 AND finished_at IS NOT NULL",
    nth(1),
  );
  await sendCallback(path, callbackOf({ status: "failed", results: { error: "sent too late" } }), [200]);
  await allAccountedFor();
  expect(
    await target().gateway.rows("SELECT state, conclusion, results FROM validations WHERE id = ?1", nth(1)),
  ).toEqual([ended]);
});

/**
 * Every accepted callback is in the timeline of its validation, or with the unmatched ones. Or it was one too many, and
 * is in the log.
 */
const allAccountedFor = (): Promise<void> =>
  waitUntil("every callback that was accepted is accounted for", async () => {
    const { gateway } = target();
    const [kept] = await gateway.rows(KEPT);
    return Number(kept?.n) + new Set(gateway.logs().match(DROPPED)).size === accepted;
  });

const KEPT = `
  SELECT (SELECT count(DISTINCT delivery_id) FROM timeline WHERE reason LIKE 'callback %')
       + (SELECT count(*) FROM callbacks_unmatched) AS n`;
const DROPPED =
  /"callback\.dropped".*"reason":"\d+ (?:have arrived since the end|are in the timeline already)"/g;

test("still works afterwards: accepted callbacks are kept, and forged ones changed nothing", async () => {
  const { gateway, grainchain } = target();
  await allAccountedFor();
  const late =
    "SELECT max(n) AS most FROM (SELECT count(*) AS n FROM timeline WHERE reason LIKE '%after the end%' GROUP BY validation_id)";
  const most = Number((await gateway.rows(late))[0]?.most);
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(MAX_LATE_CALLBACKS);
  expect(await gateway.rows("SELECT state FROM validations WHERE id = ?1", nth(0))).toEqual([
    { state: "pending" },
  ]);
  expect(await gateway.rows("SELECT * FROM dead_letters WHERE kind = 'fact'")).toEqual([]);
  const longest = "SELECT max(length(CAST(results AS BLOB))) AS bytes FROM validations";
  expect(Number((await gateway.rows(longest))[0]?.bytes)).toBeLessThanOrEqual(MIB);
  for (const run of grainchain.sandboxes.runs.values()) run.cancel();
  await expectHealthy(target(), recorded);
});
