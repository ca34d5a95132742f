import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, test } from "vitest";
import { jsonOf, ORIGIN, SECRETS } from "../support/app.ts";
import { startApi } from "./support/api.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertDelivery,
  insertName,
  insertValidation,
  minute,
} from "./support/insert.ts";

/** One repository that was renamed after its first run, and another one that has a name of its own. */
let before = "";
let now = "";
let ids: string[] = [];
let deliveries: string[] = [];
let heads = 0;
/** Its id, which no other test has. */
let id = 0;

/** No other test's. */
const headOf = (name: string): string => `${name}${String(heads).padStart(4, "0")}`.padEnd(40, "0");

beforeEach(async () => {
  heads++;
  id = 7_000 + heads;
  before = freshRepository();
  now = freshRepository();
  await env.DB.prepare("DELETE FROM repository_names").run();
  await insertName(before, id, minute(0));
  await insertName(now, id, minute(5));
  await insertName("octo/other", 8, minute(0));
  const at = async (repository: string, time: number, head: string, state: string) => {
    const created_at = minute(time);
    const row = { repository, repository_id: id, pr_number: 12, head_sha: headOf(head), state, created_at };
    return insertValidation(row);
  };
  ids = [
    await at(before, 1, "a", "completed"),
    await at(before, 2, "b", "dead"),
    await at(now, 6, "c", "completed"),
    await at(now, 7, "d", "queued"),
  ];
  deliveries = [
    await insertDelivery({ repository: before, repository_id: id, received_at: minute(1) }),
    await insertDelivery({ repository: now, repository_id: id, received_at: minute(6) }),
  ];
  await insertValidation({ repository: "octo/other", repository_id: 8, pr_number: 12 });
});

describe("a renamed repository's pull request", () => {
  const traced = async (q: string) => startApi().get(`/api/trace?q=${encodeURIComponent(q)}`);
  const idsOf = ({ validations }: Record<string, unknown>) =>
    Array.from(Object(validations), (one) => String(Object(one).validation.id));

  test("is traced with all its heads under either name, and by its URL", async () => {
    for (const repository of [before, now, now.toUpperCase()]) {
      for (const q of [`${repository}#12`, `https://github.com/${repository}/pull/12`]) {
        const answer = await traced(q);
        expect({ q, ids: idsOf(answer) }).toEqual({ q, ids: ids.toReversed() });
        expect(answer.renamed).toEqual([{ from: before, to: now }]);
      }
    }
  });

  test("is traced by an old head's SHA, which says the name of now", async () => {
    const answer = await traced(headOf("a"));
    expect(idsOf(answer)).toEqual([ids[0]]);
    expect(answer.renamed).toEqual([{ from: before, to: now }]);
  });

  test("shows nothing of another repository that has taken the old name", async () => {
    await insertName(before, 9, minute(30));
    const other = await insertValidation({
      repository: before,
      repository_id: 9,
      pr_number: 12,
      created_at: minute(31),
    });
    expect(idsOf(await traced(`${now}#12`))).toEqual(ids.toReversed());
    expect(idsOf(await traced(`${before}#12`))).toEqual([other]);
  });

  test("leaves out the older runs if there are many, whichever name they had", async () => {
    for (let run = 0; run < 15; run++) {
      for (const repository of [before, now]) {
        await insertValidation({ repository, repository_id: id, pr_number: 13, created_at: minute(run) });
      }
    }
    const { validations } = await traced(`${now}#13`);
    const times = Array.from(Object(validations), (one) => String(Object(one).validation.created_at));
    expect(times).toEqual(Array.from({ length: 20 }, (_, index) => minute(14 - Math.floor(index / 2))));
  });
});

test("a repository that kept its name is traced without mentioning a rename", async () => {
  const { renamed } = await startApi().get("/api/trace?q=octo/other%2312");
  expect(renamed).toEqual([]);
});

describe("a list of a renamed repository", () => {
  const list = async (path: string) => (await startApi().list(path)).ids;

  test("has its validations under either name, on pages that never overlap", async () => {
    for (const repository of [before, now]) {
      const repo = encodeURIComponent(repository);
      expect(await list(`/api/validations?repo=${repo}`)).toEqual(ids.toReversed());
      expect(await list(`/api/validations?repo=${repo}&pr=12`)).toEqual(ids.toReversed());
      expect(await list(`/api/validations?repo=${repo}&state=completed,dead`)).toEqual([
        ids[2],
        ids[1],
        ids[0],
      ]);
      expect(await list(`/api/validations?repo=${repo}&sha=${headOf("b")}`)).toEqual([ids[1]]);
      const first = await startApi().list(`/api/validations?repo=${repo}&limit=3`);
      const rest = await startApi().list(`/api/validations?repo=${repo}&limit=3&cursor=${first.cursor}`);
      expect([...first.ids, ...rest.ids]).toEqual(ids.toReversed());
    }
  });

  test("has its deliveries and dead letters under either name", async () => {
    const deadLetters = [
      await insertDeadLetter({ repository: before, died_at: minute(1) }),
      await insertDeadLetter({ repository: now, died_at: minute(2) }),
    ];
    await insertDeadLetter({ repository: "octo/other" });
    for (const repository of [before, now]) {
      const repo = encodeURIComponent(repository);
      expect(await list(`/api/deliveries?repo=${repo}`)).toEqual(deliveries.toReversed());
      expect(await list(`/api/dead-letters?repo=${repo}`)).toEqual(deadLetters.toReversed());
      const preview = { dry_run: true, scope: { filter: { repo: repository } } };
      expect(await startApi().post("/api/replays", preview, 200)).toMatchObject({ total: 2 });
    }
  });
});

describe("the status of a renamed repository", () => {
  const status = async (repository: string) => {
    const headers = { authorization: `Bearer ${SECRETS.READER_TOKEN}` };
    const url = `${ORIGIN}/webhook/projects/${repository}/status`;
    return jsonOf(await startApi().fetch(new Request(url, { headers })));
  };

  test("counts and lists its runs under both names, and says the name of now", async () => {
    const asked = await status(before);
    expect(asked).toMatchObject({
      project_id: before,
      renamed_to: now,
      last_event: { id: deliveries[1] },
      counts: { queued: 1, running: 0, completed: 2, failed: 1 },
    });
    expect(Array.from(Object(asked.validations), (one) => Object(one).id)).toEqual(ids.toReversed());
    const { project_id, ...same } = await status(now);
    expect(project_id).toBe(now);
    expect({ ...same, renamed_to: now }).toEqual({ ...asked, project_id: undefined });
    expect(same).not.toHaveProperty("renamed_to");
  });
});
