import { env } from "cloudflare:workers";
import { deadLetterQuery } from "@webhook-gateway/shared/api/dead-letter.ts";
import { deliveryQuery } from "@webhook-gateway/shared/api/delivery.ts";
import { validationQuery } from "@webhook-gateway/shared/api/validation.ts";
import { parseTraceQuestion } from "@webhook-gateway/shared/domain/trace/question.ts";
import { listReconciles } from "@webhook-gateway/shared/store/maintain/reconciles.ts";
import {
  cancelReplay,
  listReplays,
  loadUnderWay,
  startReplay,
} from "@webhook-gateway/shared/store/maintain/replays.ts";
import { listDeadLetters, loadDeadLetter } from "@webhook-gateway/shared/store/read/dead-letter-list.ts";
import { listDeliveries } from "@webhook-gateway/shared/store/read/delivery-list.ts";
import { loadOverview } from "@webhook-gateway/shared/store/read/overview.ts";
import { loadProjectStatus } from "@webhook-gateway/shared/store/read/project-status.ts";
import { loadTraceRows } from "@webhook-gateway/shared/store/read/trace-rows.ts";
import { listValidations, loadValidationDetail } from "@webhook-gateway/shared/store/read/validation-list.ts";
import * as v from "valibot";
import { beforeAll, describe, expect, test } from "vitest";
import { fill, idOf, shaOf, timeOf } from "../support/many-rows.ts";
import { type Query, readBy } from "../support/queries.ts";

const ROWS = 100_000;
/** What a statement may read that looks at 2,500 rows for those that meet a filter: along an index, and each row. */
const WINDOW = 5_100;
const NOON = timeOf(ROWS / 2).toISOString();

beforeAll(async () => {
  await fill(env.DB, ROWS);
}, 120_000);

/** Each filter on its own and with each other: what many rows have, what few have, what none has. */
function combinations(filters: Readonly<Record<string, readonly string[]>>): Record<string, string>[] {
  return Object.entries(filters).reduce<Record<string, string>[]>(
    (all, [name, values]) =>
      all.concat(all.flatMap((one) => values.map((value) => ({ ...one, [name]: value })))),
    [{}],
  );
}

/** What no index serves is looked for in a window. */
const mostOf = (filters: Readonly<Record<string, string>>): number =>
  "event" in filters || "state" in filters || ("pr" in filters && !("repo" in filters)) ? WINDOW : 500;

/** Reads a list and says what of it read too much. */
async function tooMany(
  run: (db: D1Database) => Promise<unknown>,
  most: number,
): Promise<readonly (Query & { readonly rowsRead: number })[]> {
  return (await readBy(env.DB, run)).filter(({ rowsRead }) => rowsRead > most);
}

describe("a list of 100,000 rows reads little more than its page", () => {
  const REPO = ["octo/widgets-3", "octo/former-3", "octo/none"];
  const TIMES = { since: [NOON], until: [NOON] };

  test.each(
    combinations({
      event: ["pull_request", "merge_group", "none"],
      state: ["started", "stale", "none"],
      ...TIMES,
    }),
  )("of deliveries %o", async (filters) => {
    const query = v.parse(deliveryQuery, filters);
    expect(await tooMany((db) => listDeliveries(db, query), mostOf(filters))).toEqual([]);
  });

  test.each(
    combinations({
      repo: REPO,
      event: ["pull_request", "none"],
      state: ["started", "none"],
    }).filter((one) => "repo" in one),
  )("of deliveries %o", async (filters) => {
    const query = v.parse(deliveryQuery, filters);
    expect(await tooMany((db) => listDeliveries(db, query), WINDOW)).toEqual([]);
  });

  const STATES = [
    "queued",
    "running",
    "completed",
    "timed_out",
    "failed,timed_out,dead",
    "queued,pending,running",
  ];
  test.each(combinations({ state: STATES, ...TIMES }))("of validations %o", async (filters) => {
    const query = v.parse(validationQuery, filters);
    expect(await tooMany((db) => listValidations(db, query), mostOf(filters))).toEqual([]);
  });

  test.each([
    ...combinations({ repo: REPO, state: STATES, ...TIMES }).filter((one) => "repo" in one),
    ...combinations({ pr: ["13", "99999"], repo: REPO, state: STATES }).filter((one) => "pr" in one),
    ...combinations({
      sha: [shaOf(777), "abcdef0"],
      repo: REPO,
      pr: ["777"],
      event: ["pull_request"],
      ...TIMES,
    }).filter((one) => "sha" in one),
    { event: "push" },
    { event: "none" },
  ])("of validations %o", async (filters) => {
    const query = v.parse(validationQuery, filters);
    expect(await tooMany((db) => listValidations(db, query), mostOf(filters))).toEqual([]);
  });

  test.each([
    ...combinations({ state: ["open", "replaying", "replayed", "discarded", "any"], ...TIMES }),
    ...combinations({ repo: REPO, kind: ["fact", "dispatch"], class: ["none"], event: ["push"] }),
  ])("of dead letters %o", async (filters) => {
    const query = v.parse(deadLetterQuery, filters);
    expect(await tooMany((db) => listDeadLetters(db, query), 500)).toEqual([]);
  });

  test("of replays and reconciles", async () => {
    expect(await tooMany((db) => listReplays(db, {}), 500)).toEqual([]);
    expect(await tooMany((db) => listReconciles(db, {}), 500)).toEqual([]);
  });
});

describe("a question about 100,000 rows reads little", () => {
  test.each(["delivery-777", "nothing-of-it", `${"7".repeat(8)}-1111-1111-1111-111111111111`])(
    "about the delivery %s",
    async (q) => {
      const question = parseTraceQuestion(q);
      expect(question?.kind).toBe("delivery");
      if (question === undefined) return;
      expect(await tooMany((db) => loadTraceRows(db, question, NOON), 500)).toEqual([]);
    },
  );

  test.each([
    ["pull_request", "octo/widgets-3#13"],
    ["pull_request", "octo/widgets-3#99999"],
    ["pull_request", "octo/former-3#13"],
    ["pull_request", "octo/none#13"],
    ["sha", shaOf(777)],
    ["sha", "abcdef0"],
    ["validation", `1-pr-7-${"a".repeat(40)}-1`],
    ["delivery", "delivery-12345"],
  ])("about the %s %s", async (kind, q) => {
    const question = parseTraceQuestion(q);
    expect(question?.kind).toBe(kind);
    if (question === undefined) return;
    // The turn of one that is queued is counted up to 10,000 others.
    expect(await tooMany((db) => loadTraceRows(db, question, NOON), 10_100)).toEqual([]);
  });

  test("about a repository's status, under either name", async () => {
    for (const name of ["octo/widgets-3", "octo/former-3", "octo/none"]) {
      expect(await tooMany((db) => loadProjectStatus(db, name), 300)).toEqual([]);
    }
  });

  test("about one validation or dead letter", async () => {
    expect(await tooMany((db) => loadValidationDetail(db, idOf(777)), 50)).toEqual([]);
    expect(await tooMany((db) => loadDeadLetter(db, `dispatch-${idOf(777)}`), 50)).toEqual([]);
  });
});

test("the overview reads what is live and what is of the last day", async () => {
  const later = new Date(timeOf(ROWS).getTime() + 24 * 3_600_000);
  // 2,020 of them are live, 100 reports and cancels due.
  expect(await tooMany((db) => loadOverview(db, later), 4_500)).toEqual([]);
});

test("an order reads the dead letters that it is about", async () => {
  const scope = { ids: [`dispatch-${idOf(5)}`, `dispatch-${idOf(1005)}`] };
  const start = { action: "replay", requestedBy: "ada", reason: null, rate: 60 } as const;
  const orders = async (db: D1Database) => {
    await loadUnderWay(db, scope.ids);
    await startReplay(db, { ...start, id: "of-two", scope }, NOON);
    await startReplay(db, { ...start, id: "of-all", scope: { all: true } }, NOON);
    await cancelReplay(db, "of-all", { id: "of-all-cancel", actor: "operator:ada" }, NOON);
    await startReplay(db, { ...start, id: "of-none", action: "discard", scope: { all: true } }, NOON);
  };
  // 100 dead letters are open.
  expect(await tooMany(orders, 1_500)).toEqual([]);
});
