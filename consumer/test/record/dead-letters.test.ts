import { env } from "cloudflare:workers";
import { beforeEach, expect, test } from "vitest";
import { recordDeadLetters } from "../../src/record/dead-letters.ts";
import { breakable, empty, rows } from "../support/database.ts";
import { note, second } from "../support/facts.ts";
import { message, SILENT } from "../support/recording.ts";

beforeEach(empty);

const deps = (db = env.DB) => ({ db, log: SILENT, now: () => new Date(second(3600)) });
const deadLetters = (total: number) => Array.from({ length: total }, () => message(note("ping")));

test("are all written down although a whole batch is too large for D1", async () => {
  let trips = 0;
  const db = breakable(env.DB, () => {
    trips++;
    return trips === 1 || trips === 2
      ? new Error("D1_ERROR: string or blob too big: SQLITE_TOOBIG")
      : undefined;
  });
  expect(await recordDeadLetters(deps(db), deadLetters(10))).toEqual(Array(10).fill("ack"));
  expect(await rows("SELECT id FROM dead_letters")).toHaveLength(10);
  expect(trips).toBe(5);
});

test("are not held up by one that D1 refuses", async () => {
  const refused = { ...message(note("ping")), attempts: Number.NaN };
  const [one, two, ...others] = deadLetters(8);
  if (one === undefined || two === undefined) throw new Error("too few");
  const verdicts = await recordDeadLetters(deps(), [one, two, refused, ...others]);
  expect(verdicts).toEqual(["ack", "ack", "retry", ...others.map(() => "ack")]);
  expect(await rows("SELECT id FROM dead_letters")).toHaveLength(8);
});
