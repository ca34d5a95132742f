import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { jsonOf, ORIGIN, SECRETS, startApp } from "../support/app.ts";
import { expectRefusal } from "../support/errors.ts";
import { insertDelivery, insertValidation } from "../support/rows.ts";

const OPEN = { PROJECT_STATUS_PUBLIC: "true" };

const ask = (path: string, headers: Readonly<Record<string, string>> = {}, vars = OPEN) =>
  startApp({ db: env.DB, env: vars }).fetch(
    new Request(`${ORIGIN}/webhook/projects/${path}/status`, { headers }),
  );

const freshProject = (): string => `octo/widgets-${crypto.randomUUID().slice(0, 8)}`;

test("an unknown project is inactive, not unknown", async () => {
  const project = freshProject();
  const response = await ask(project);
  expect(response.status).toBe(200);
  expect(response.headers.get("x-request-id")).not.toBeNull();
  expect(await jsonOf(response)).toEqual({
    project_id: project,
    webhook_configured: false,
    last_event: null,
    status: "inactive",
    counts: { queued: 0, running: 0, completed: 0, failed: 0 },
    validations: [],
  });
});

test("a repository's number stands for its name, also after a rename", async () => {
  const [before, after] = [freshProject(), freshProject()];
  const insert = "INSERT INTO repository_names (name, repository_id, at) VALUES (?1, ?2, ?3)";
  await env.DB.batch([
    env.DB.prepare(insert).bind(before, 771_001, "2026-11-23T09:00:00.000Z"),
    env.DB.prepare(insert).bind(after, 771_001, "2026-11-23T10:00:00.000Z"),
  ]);
  await insertDelivery(env.DB, { repository: before, received_at: "2026-11-23T10:00:01.000Z" });
  expect(await jsonOf(await ask("771001"))).toMatchObject({ project_id: after, status: "active" });
  expect(await jsonOf(await ask("771002"))).toMatchObject({ project_id: "771002", status: "inactive" });
  await expectRefusal(await ask("0771001"), 400, "invalid_project_id");
});

test("an open status is read once, however many ask within five seconds", async () => {
  let now = Date.parse("2026-11-23T10:00:00.000Z");
  let batches = 0;
  const db = new Proxy(env.DB, {
    get(target, name) {
      if (name === "batch") batches++;
      const value: unknown = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const app = startApp({ db, env: OPEN, now: () => new Date(now) });
  const get = (path: string) => app.fetch(new Request(`${ORIGIN}/webhook/projects/${path}/status`));
  const project = freshProject();
  await Promise.all(Array.from({ length: 20 }, () => get(project)));
  expect(batches).toBe(1);
  await get(freshProject());
  expect(batches).toBe(2);
  now += 5_000;
  await get(project);
  expect(batches).toBe(3);
});

describe("of a project", () => {
  test("the last event is the one received last", async () => {
    const repository = freshProject();
    await insertDelivery(env.DB, { repository, received_at: "2026-11-23T10:00:01.000Z" });
    const id = await insertDelivery(env.DB, {
      repository,
      received_at: "2026-11-23T10:00:03.000Z",
      action: "closed",
    });
    await insertDelivery(env.DB, { repository, received_at: "2026-11-23T10:00:02.000Z" });
    expect(await jsonOf(await ask(repository))).toMatchObject({
      webhook_configured: true,
      status: "active",
      last_event: { id, event: "pull_request", action: "closed", received_at: "2026-11-23T10:00:03.000Z" },
    });
  });

  test("every state counts where the contract says", async () => {
    const repository = freshProject();
    const created_at = "2026-11-23T10:00:00.000Z";
    const numbers = {
      queued: 1,
      dispatching: 2,
      pending: 3,
      running: 4,
      completed: 5,
      failed: 6,
      dead: 7,
      timed_out: 8,
      cancelled: 1,
      superseded: 1,
    } as const;
    for (const state of Object.keys(numbers) as (keyof typeof numbers)[]) {
      for (let i = 0; i < numbers[state]; i++)
        await insertValidation(env.DB, { repository, state, created_at });
    }
    expect((await jsonOf(await ask(repository))).counts).toEqual({
      queued: 3,
      running: 7,
      completed: 5,
      failed: 21,
    });
  });

  test("the latest ten validations are listed, newest first", async () => {
    const repository = freshProject();
    const ids: string[] = [];
    for (let second = 10; second < 22; second++) {
      const created_at = `2026-11-23T10:00:${second}.000Z`;
      ids.unshift(await insertValidation(env.DB, { repository, state: "queued", created_at }));
    }
    const { validations } = await jsonOf(await ask(repository));
    expect(validations).toEqual(
      ids.slice(0, 10).map((id) => expect.objectContaining({ id, state: "queued" })),
    );
  });

  test("both forms of the path and any case give the same", async () => {
    const repository = freshProject();
    await insertDelivery(env.DB, { repository, received_at: "2026-11-23T10:00:00.000Z" });
    const bodies = [];
    for (const path of [
      repository,
      repository.replace("/", "%2F"),
      repository.replace("/", "%2f"),
      repository.toUpperCase(),
    ]) {
      const { project_id, ...body } = await jsonOf(await ask(path));
      expect(String(project_id).toLowerCase()).toBe(repository);
      bodies.push(body);
    }
    expect(bodies[0]).toMatchObject({ status: "active" });
    for (const body of bodies) expect(body).toEqual(bodies[0]);
  });

  test("nothing of another project is revealed", async () => {
    const repository = freshProject();
    await insertDelivery(env.DB, { repository: `${repository}x`, received_at: "2026-11-23T10:00:00.000Z" });
    expect(await jsonOf(await ask(repository))).toMatchObject({ status: "inactive" });
  });
});

describe("the id", () => {
  test.each([
    "octo",
    "octo%2F",
    "%2Fwidgets",
    "octo%2Fwidgets%2Fmore",
    "octo%252Fwidgets",
    "octo/..%2f..",
    "octo/wid%20gets",
    "octo/wid'gets",
    "octo/widgets%00",
    "octo/widgets%0A",
    "-octo/widgets",
    "öcto/widgets",
    "octo/%E0%A4%A",
    `octo/${"w".repeat(101)}`,
  ])("%s is malformed", async (path) => {
    const response = await ask(path);
    await expectRefusal(response, 400, "invalid_project_id");
  });

  test.each(["octo/.github", "octo/wid-gets_2.0", "octo-org/w", "0/0", "mona_corp/widgets", "octo/..."])(
    "%s is one",
    async (path) => {
      const response = await ask(path);
      expect({ status: response.status, id: (await jsonOf(response)).project_id }).toEqual({
        status: 200,
        id: path,
      });
    },
  );
});

describe("authentication", () => {
  const closed = { PROJECT_STATUS_PUBLIC: "false" };

  test.each(["OPERATOR_TOKEN", "READER_TOKEN"] as const)("%s may read", async (name) => {
    const response = await ask("octo/widgets", { authorization: `Bearer ${SECRETS[name]}` }, closed);
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toContain("private");
  });

  test.each([
    ["nothing", {}],
    ["another token", { authorization: "Bearer guess" }],
    ["no scheme", { authorization: SECRETS.READER_TOKEN }],
    ["Basic", { authorization: `Basic ${btoa(`x:${SECRETS.READER_TOKEN}`)}` }],
    ["the callback secret", { authorization: `Bearer ${SECRETS.GRAINCHAIN_CALLBACK_SECRET}` }],
    ["the webhook secret", { authorization: `Bearer ${SECRETS.GITHUB_WEBHOOK_SECRET}` }],
  ])("with %s is refused", async (_, headers) => {
    for (const path of ["octo/widgets", "octo%2Fwidgets", "malformed"]) {
      const response = await ask(path, headers, closed);
      expect(response.headers.get("www-authenticate")).toBe("Bearer");
      await expectRefusal(response, 401, "unauthorized");
    }
  });

  test("is asked for unless the configuration opens the route", async () => {
    const app = startApp({ db: env.DB });
    const response = await app.fetch(new Request(`${ORIGIN}/webhook/projects/octo/widgets/status`));
    await expectRefusal(response, 401, "unauthorized");
  });
});

describe("is kept", () => {
  const reader = { authorization: `Bearer ${SECRETS.READER_TOKEN}` };

  test.each([
    ["by anybody for five seconds where it is open", "true", "public, max-age=5"],
    ["by nobody else where it is not, and asked for each time", "false", "private, no-cache"],
  ])("%s", async (_, open, control) => {
    const vars = { PROJECT_STATUS_PUBLIC: open };
    const first = await ask("octo/widgets", reader, vars);
    expect(first.headers.get("cache-control")).toBe(control);
    const again = { ...reader, "if-none-match": first.headers.get("etag") ?? "" };
    const second = await ask("octo/widgets", again, vars);
    expect([second.status, second.headers.get("cache-control")]).toEqual([304, control]);
  });

  test.each(["true", "false"])("never where it is refused (open: %s)", async (open) => {
    const path = open === "true" ? "malformed" : "octo/widgets";
    const response = await ask(path, {}, { PROJECT_STATUS_PUBLIC: open });
    expect([response.status >= 400, response.headers.get("cache-control")]).toEqual([true, null]);
  });
});

describe("an ETag", () => {
  test("given back is answered 304 until something changes", async () => {
    const repository = freshProject();
    const first = await ask(repository);
    const etag = first.headers.get("etag") ?? "";
    expect(etag).toMatch(/^(W\/)?"[^"]+"$/);
    const second = await ask(repository, { "if-none-match": etag });
    expect(second.status).toBe(304);
    expect(await second.text()).toBe("");
    expect(second.headers.get("etag")).toBe(etag);
    expect(second.headers.get("x-request-id")).not.toBeNull();
    await insertDelivery(env.DB, { repository, received_at: "2026-11-23T10:00:00.000Z" });
    expect((await ask(repository, { "if-none-match": etag })).status).toBe(200);
  });

  test("does not bypass the token", async () => {
    const etag = (await ask("octo/widgets")).headers.get("etag") ?? "";
    const response = await ask("octo/widgets", { "if-none-match": etag }, { PROJECT_STATUS_PUBLIC: "false" });
    expect(response.status).toBe(401);
  });

  test.each(["malformed", "octo/widgets"])("is not given to a refusal of %s", async (path) => {
    const vars = path === "malformed" ? OPEN : { PROJECT_STATUS_PUBLIC: "false" };
    const response = await ask(path, { "if-none-match": "*" }, vars);
    expect(response.status).toBe(path === "malformed" ? 400 : 401);
  });
});
