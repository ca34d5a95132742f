import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import * as v from "valibot";
import { expect, test } from "vitest";
import { MIGRATIONS } from "../support/fake-wrangler-account.ts";
import { serve, startGateway } from "../support/fake-wrangler-neighbours.ts";
import { openProject, type Project } from "../support/fake-wrangler-project.ts";

const NO_ACCOUNT = { CLOUDFLARE_API_TOKEN: "", CLOUDFLARE_ACCOUNT_ID: "" };

const report = v.object({
  items: v.array(
    v.object({ check: v.string(), status: v.string(), what: v.string(), mend: v.nullable(v.string()) }),
  ),
});

const SECRETS = {
  GITHUB_WEBHOOK_SECRET: "local webhook secret",
  GRAINCHAIN_CALLBACK_SECRET: "local callback secret",
  OPERATOR_TOKEN: "local operator token",
  READER_TOKEN: "local reader token",
};

/** A checkout in which `npm start` has run, with these in `.dev.vars`. */
async function openLocal(devVars: Readonly<Record<string, string>> = SECRETS) {
  const database = { uuid: "local", name: "webhook-gateway-development", applied: [...MIGRATIONS] };
  const project = await openProject({ databases: [database] });
  mkdirSync(path.join(project.dir, "state"));
  writeDevVars(project, devVars);
  const gateway = await startGateway("development");
  const grainchain = await serve(({ url }, response) =>
    response.writeHead(url === "/health" ? 200 : 401).end(),
  );
  const github = await serve((_, response) =>
    response.writeHead(200, { "content-type": "application/json" }).end("{}"),
  );
  const environment = {
    ...NO_ACCOUNT,
    PORT: new URL(gateway.url).port,
    GRAINCHAIN_PORT: new URL(grainchain).port,
    GITHUB_API_URL: github,
  };
  return { project, environment };
}

const writeDevVars = ({ dir }: Project, devVars: Readonly<Record<string, string>>): void =>
  writeFileSync(
    path.join(dir, ".dev.vars"),
    Object.entries(devVars)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(""),
  );

async function examine({ project, environment }: Awaited<ReturnType<typeof openLocal>>) {
  const args = ["doctor", "--env", "development", "--output", "json"];
  const { code, stdout } = await project.run(args, environment);
  return { code, items: v.parse(report, JSON.parse(stdout)).items };
}

test("checks the local gateway, its .dev.vars and its database", async () => {
  const local = await openLocal();

  const { code, items } = await examine(local);

  expect(code).toBe(0);
  expect(items.filter(({ status }) => status !== "ok").map(({ check }) => check)).toEqual([
    "secrets of the consumer",
    "GitHub credentials",
    "hooks",
  ]);
  expect(local.project.changes()).toEqual([]);
});

test("names the bad keys of .dev.vars, and never their values", async () => {
  const { GRAINCHAIN_CALLBACK_SECRET: _, ...others } = SECRETS;
  const local = await openLocal({ ...others, DISPATCH_MAX_ATTEMPTS: "a-secret-in-the-wrong-place" });

  const { code, items } = await examine(local);

  expect(code).toBe(1);
  expect(items).toContainEqual({
    check: "wrangler.consumer.toml",
    status: "fail",
    what: "bad configuration: GRAINCHAIN_CALLBACK_SECRET (missing), DISPATCH_MAX_ATTEMPTS (bad regex)",
    mend: "fix these in .dev.vars, the environment or environments.toml",
  });
  expect(items).toContainEqual({
    check: "secrets of the consumer",
    status: "fail",
    what: "missing: GRAINCHAIN_CALLBACK_SECRET",
    mend: "npm start creates .dev.vars if it is missing; otherwise add them there",
  });
  const printed = local.project.printed();
  expect(
    ["a-secret-in-the-wrong-place", ...Object.values(SECRETS)].filter((one) => printed.includes(one)),
  ).toEqual([]);
});

test("names a secret of .dev.vars that ends with a newline", async () => {
  const local = await openLocal({ ...SECRETS, GITHUB_WEBHOOK_SECRET: '"local webhook secret\\n"' });

  const { code, items } = await examine(local);

  expect(code).toBe(1);
  expect(items).toContainEqual({
    check: "wrangler.producer.toml",
    status: "fail",
    what: "bad configuration: GITHUB_WEBHOOK_SECRET (has whitespace around it)",
    mend: "fix these in .dev.vars, the environment or environments.toml",
  });
  expect(local.project.printed()).not.toContain("local webhook secret");
});

test("says what npm start would do", async () => {
  const local = await openLocal();
  local.project.account.change(({ databases }) => {
    for (const database of databases) database.applied = null;
  });

  const { items } = await examine({ ...local, environment: { ...local.environment, PORT: "1" } });

  expect(items).toContainEqual({
    check: "gateway",
    status: "fail",
    what: expect.stringMatching(/^http:\/\/localhost:1\/health cannot be reached/),
    mend: "npm start",
  });
  expect(items).toContainEqual({
    check: "D1",
    status: "fail",
    what: `webhook-gateway-development is missing ${MIGRATIONS.join(", ")}`,
    mend: "npm start applies them",
  });
});

test("creates no local database by checking it", async () => {
  const local = await openLocal();
  const environment = { ...local.environment, GATEWAY_STATE: path.join(local.project.dir, "nowhere") };

  const { items } = await examine({ ...local, environment });

  expect(items).toContainEqual(expect.objectContaining({ check: "D1", status: "warn", mend: "npm start" }));
  expect(local.project.calls().map(({ args }) => args[0])).toEqual(["--version"]);
});

const BOUND = JSON.stringify({
  acme: { secret: "secret of acme", repositories: ["acme/*", "acme-labs/*"] },
  app: "secret of the App",
});

test("says which repositories each label's webhook secret signs for", async () => {
  const local = await openLocal({ ...SECRETS, GITHUB_WEBHOOK_SECRETS: BOUND });
  local.project.account.change((state) => {
    state.repositories = [
      { repository: "Acme/widgets", secret: "acme" },
      { repository: "acme-labs/gears", secret: null },
      { repository: "octo/app", secret: "current" },
    ];
  });

  const { items } = await examine(local);

  expect(items.filter(({ check }) => check === "webhook secrets by label")).toEqual([
    {
      check: "webhook secrets by label",
      status: "ok",
      what: "acme signs for acme/*, acme-labs/*; app signs for every repository",
      mend: null,
    },
  ]);
  // Those of a development machine are not judged.
  expect(items.map(({ check }) => check)).not.toContain("strength of secrets");
});

test("warns of globs that match nothing, and of repositories whose secret does not sign for them", async () => {
  const local = await openLocal({ ...SECRETS, GITHUB_WEBHOOK_SECRETS: BOUND });
  local.project.account.change((state) => {
    state.repositories = [
      { repository: "acme/widgets", secret: "acme" },
      ...["a", "b", "c", "d", "e", "f", "g"].map((name) => ({
        repository: `acme-old/${name}`,
        secret: "acme",
      })),
    ];
  });

  const { code, items } = await examine(local);

  expect(code).toBe(0);
  expect(
    items.filter(({ check, status }) => check === "webhook secrets by label" && status === "warn"),
  ).toEqual([
    expect.objectContaining({ what: "acme: acme-labs/* matches no known repository" }),
    expect.objectContaining({
      what:
        "acme signed the last delivery of acme-old/a, acme-old/b, acme-old/c, acme-old/d, acme-old/e and 2 more, " +
        "but does not sign for it now",
      mend: "add it to the repositories of acme, or set another secret in its hook",
    }),
  ]);
});
