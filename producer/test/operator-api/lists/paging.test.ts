import { describe, expect, test } from "vitest";
import { expectRefusal } from "../../support/errors.ts";
import { type Api, startApi } from "../support/api.ts";
import {
  freshRepository,
  insertDeadLetter,
  insertDeadLetters,
  insertDeliveries,
  insertDelivery,
  insertReconcile,
  insertReplay,
  insertValidation,
  insertValidations,
  minute,
} from "../support/insert.ts";

const enc = encodeURIComponent;

/** Every list: how rows of these moments are put there, and how this test's own rows are asked for. */
const LISTS = [
  {
    name: "deliveries",
    insert: (repository: string, ...times: string[]) =>
      insertDeliveries(...times.map((received_at) => ({ repository, received_at }))),
    own: (repository: string) => `repo=${enc(repository)}`,
  },
  {
    name: "validations",
    insert: (repository: string, ...times: string[]) =>
      insertValidations(...times.map((created_at) => ({ repository, created_at }))),
    own: (repository: string) => `repo=${enc(repository)}`,
  },
  {
    name: "dead-letters",
    insert: (repository: string, ...times: string[]) =>
      insertDeadLetters(...times.map((died_at) => ({ repository, died_at }))),
    own: (repository: string) => `repo=${enc(repository)}`,
  },
] as const;

/** Every page, one after the other. */
async function walk(api: Api, path: string, limit: number, between?: () => Promise<unknown>) {
  const pages: string[][] = [];
  let cursor: string | null = null;
  do {
    const page: Awaited<ReturnType<Api["list"]>> = await api.list(
      `${path}&limit=${limit}${cursor === null ? "" : `&cursor=${cursor}`}`,
    );
    pages.push(page.ids);
    cursor = page.cursor;
    await between?.();
  } while (cursor !== null);
  return pages;
}

describe.each(LISTS)("$name", ({ name, insert, own }) => {
  const pathOf = (repository: string) => `/api/${name}?${own(repository)}`;

  test("come the latest first", async () => {
    const repository = freshRepository();
    const [older, newest, middle] = await insert(repository, minute(1), minute(3), minute(2));
    expect((await startApi().list(pathOf(repository))).ids).toEqual([newest, middle, older]);
  });

  test.each([1, 2, 3, 7, 10, 11, 200])(
    "of one moment and of others are each on one page of %i",
    async (limit) => {
      const repository = freshRepository();
      const times = Array.from({ length: 10 }, (_, row) => minute(row < 6 ? 0 : row));
      const ids = await insert(repository, ...times);
      const pages = await walk(startApi(), pathOf(repository), limit);
      expect(pages.flat().toSorted()).toEqual(ids.toSorted());
      expect(pages.length).toBe(Math.ceil(10 / limit));
      expect(pages.map((page) => page.length).slice(0, -1)).toEqual(
        Array.from({ length: pages.length - 1 }, () => limit),
      );
    },
  );

  test("that come in between neither show up twice nor push others off", async () => {
    const repository = freshRepository();
    const ids = await insert(repository, ...Array.from({ length: 9 }, () => minute(5)));
    const pages = await walk(startApi(), pathOf(repository), 2, () => insert(repository, minute(50)));
    expect(pages.flat().toSorted()).toEqual(ids.toSorted());
  });

  test("are 50 by default, and 200 at most", async () => {
    const repository = freshRepository();
    await insert(repository, ...Array.from({ length: 201 }, (_, row) => minute(row)));
    const api = startApi();
    expect((await api.list(pathOf(repository))).ids).toHaveLength(50);
    const { ids, cursor } = await api.list(`${pathOf(repository)}&limit=200`);
    expect(ids).toHaveLength(200);
    expect(cursor).not.toBeNull();
  });

  test("have an end that says so", async () => {
    const repository = freshRepository();
    expect(await startApi().list(pathOf(repository))).toEqual({ ids: [], cursor: null });
    await insert(repository, minute(0));
    expect((await startApi().list(`${pathOf(repository)}&limit=1`)).cursor).toBeNull();
  });
});

describe.each([
  ["replays", insertReplay],
  ["reconciles", insertReconcile],
] as const)("%s", (name, insert) => {
  test("are each on one page", async () => {
    const ids: string[] = [];
    for (let row = 0; row < 7; row++) ids.push(await insert({ requested_at: minute(100 + (row % 2)) }));
    const pages = await walk(startApi(), `/api/${name}?`, 3);
    expect(pages.flat().toSorted()).toEqual(ids.toSorted());
  });
});

describe("a cursor", () => {
  const encoded = (value: unknown) => btoa(JSON.stringify(value)).replace(/=+$/, "");
  const names = ["deliveries", "validations", "dead-letters", "replays", "reconciles"] as const;

  async function cursorOf(name: (typeof names)[number]): Promise<string> {
    const insert = {
      deliveries: insertDelivery,
      validations: insertValidation,
      "dead-letters": insertDeadLetter,
      replays: insertReplay,
      reconciles: insertReconcile,
    }[name];
    await insert();
    await insert();
    const { cursor } = await startApi().list(`/api/${name}?limit=1`);
    return cursor ?? "";
  }

  const pairs = names.flatMap((from) => names.filter((to) => to !== from).map((to) => [from, to] as const));
  test.each(pairs)("of %s is none of %s", async (from, to) => {
    const cursor = await cursorOf(from);
    expect((await startApi().ask("GET", `/api/${from}?cursor=${cursor}`)).status).toBe(200);
    const message = await expectRefusal(
      await startApi().ask("GET", `/api/${to}?cursor=${cursor}`),
      400,
      "invalid_query",
    );
    expect(message).toBe("the cursor is not from this list");
  });

  test.each([
    ["nothing", ""],
    ["no base 64", "%%%"],
    ["no JSON", btoa("x")],
    ["null", encoded(null)],
    ["one text", encoded(["2026-11-23T10:00:00.000Z"])],
    ["numbers", encoded([1, 2])],
    ["a list too deep", encoded([["a"], ["b"]])],
    ["an object", encoded({ 0: "a", 1: "b" })],
    ["no UTF-8", btoa("\xff\xfe")],
    ["SQL", "' OR 1=1 --"],
    ["a nest", btoa("[".repeat(300))],
  ])("of %s is refused", async (_, cursor) => {
    for (const name of names) {
      const response = await startApi().ask("GET", `/api/${name}?cursor=${enc(cursor)}`);
      await expectRefusal(response, 400, "invalid_query");
    }
  });

  test("holds names of any characters", async () => {
    const repository = freshRepository();
    const ids = ["é漢😀", "a\"b\\c'd", "%_;--", "z"].map((text) => `${text}-${crypto.randomUUID()}`);
    for (const id of ids) await insertDeadLetter({ id, repository });
    const pages = await walk(startApi(), `/api/dead-letters?repo=${enc(repository)}`, 1);
    expect(pages.flat().toSorted()).toEqual(ids.toSorted());
  });
});
