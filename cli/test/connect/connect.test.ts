import { existsSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { openGitHub } from "../../../test/github/client/client.ts";
import { type GitHubServer, startGitHubServer } from "../../../test/github/server/server.ts";
import { parseSettings } from "../../src/input/settings-file.ts";
import { provisioned } from "../support/fake-wrangler-account.ts";
import { openProject, type Project } from "../support/fake-wrangler-project.ts";
import { pressCreate, readForm, startConnect } from "../support/person.ts";
import { UUID } from "../support/provisioned-project.ts";

let server: GitHubServer;
beforeAll(async () => {
  server = await startGitHubServer();
});
afterAll(() => server.close());

async function openWithGitHub() {
  const github = await openGitHub(server.url, {});
  onTestFinished(async () => {
    expect(await github.violations()).toEqual([]);
    await github.close();
  });
  const project = await openProject();
  const env = { ...project.environment, GITHUB_API_URL: github.enterpriseUrl };
  return { github, project, env };
}

const settingsIn = (project: Project, name: string) => parseSettings(project.read(name), name);

test("an App for production is made, and provision sets its credentials, which nothing prints", async () => {
  const { github, project, env } = await openWithGitHub();
  const gateway = "https://gateway.acme.dev";
  const args = ["--env", "production", "--org", "acme", "--url", gateway];
  const { url, ended } = await startConnect(args, env);
  const { action, manifest } = await readForm(url);
  expect(action).toMatch(new RegExp(`^${github.url}/organizations/acme/settings/apps/new\\?state=`));
  expect(JSON.parse(manifest)).toMatchObject({
    name: "Webhook gateway acme",
    hook_attributes: { url: `${gateway}/webhook/github` },
  });

  const done = await fetch(await pressCreate(url));

  const { code, stdout, stderr } = await ended;
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toContain("install the App: https://github.com/apps/webhook-gateway-acme/installations/new");
  expect(stdout).toContain("npm run gateway -- provision --env production");
  const file = path.join(project.dir, ".env.production");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const {
    GITHUB_APP_ID,
    GITHUB_APP_PRIVATE_KEY = "",
    GITHUB_WEBHOOK_SECRET = "",
  } = settingsIn(project, ".env.production");
  expect(GITHUB_APP_PRIVATE_KEY).toMatch(
    /^-----BEGIN RSA PRIVATE KEY-----\n[\s\S]+\n-----END RSA PRIVATE KEY-----\n$/,
  );
  const shown = stdout + stderr + (await done.text());
  for (const secret of [GITHUB_APP_PRIVATE_KEY.split("\n")[1] ?? "?", GITHUB_WEBHOOK_SECRET])
    expect(shown).not.toContain(secret);

  await project.run(["provision", "--env", "production", "--yes", "--secrets-file", "kept"]);
  expect(project.secrets()).toEqual(
    expect.arrayContaining([GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY, GITHUB_WEBHOOK_SECRET]),
  );

  const again = await project.run(["connect", ...args]);
  expect(again).toMatchObject({ code: 1, stdout: "" });
  expect(again.stderr).toContain("production has an App already: GITHUB_APP_ID is set in .env.production");
});

test("an App for the local gateway goes into .dev.vars, where the old webhook secret stays valid", async () => {
  const { project, env } = await openWithGitHub();
  const before = "# mine\nOPERATOR_TOKEN=kept\nGITHUB_WEBHOOK_SECRET=old\n";
  writeFileSync(path.join(project.dir, ".dev.vars"), before, { mode: 0o644 });
  const { url, ended } = await startConnect(["--output", "json"], env);

  await fetch(await pressCreate(url));

  const { code, stdout } = await ended;
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    app: { slug: "webhook-gateway-local" },
    stored_in: ".dev.vars",
  });
  expect(statSync(path.join(project.dir, ".dev.vars")).mode & 0o777).toBe(0o600);
  expect(settingsIn(project, ".dev.vars")).toMatchObject({
    OPERATOR_TOKEN: "kept",
    GITHUB_WEBHOOK_SECRET_PREVIOUS: "old",
    GITHUB_WEBHOOK_SECRET: expect.stringMatching(/^[0-9a-f]{40}$/),
    GITHUB_APP_ID: expect.stringMatching(/^\d+$/),
  });
  expect(project.read(".dev.vars")).toMatch(/^# mine\n/);
});

test("a code that was used already stores nothing", async () => {
  const { project, env } = await openWithGitHub();
  const { url, ended } = await startConnect([], env);
  const location = new URL(await pressCreate(url));
  await fetch(`${env.GITHUB_API_URL}/app-manifests/${location.searchParams.get("code")}/conversions`, {
    method: "POST",
    headers: { accept: "application/json", "user-agent": "somebody else" },
  });

  await fetch(location);

  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^error: GitHub does not accept the code \(HTTP 404\): it has been used already/);
  expect(stderr).not.toContain(location.searchParams.get("code"));
  expect(existsSync(path.join(project.dir, ".dev.vars"))).toBe(false);
});

test("an environment whose Worker has an App already is left alone", async () => {
  const { workers = {}, ...rest } = provisioned("staging", UUID);
  const consumer = "webhook-gateway-consumer-staging";
  const secrets = { ...workers[consumer]?.secrets, GITHUB_APP_ID: "4711" };
  const project = await openProject({ ...rest, workers: { ...workers, [consumer]: { secrets } } });

  const ran = await project.run(["connect", "--env", "staging", "--url", "https://gateway.acme.dev"]);

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain(`staging has an App already: the Worker ${consumer} has GITHUB_APP_ID`);
});

test.each([
  [["--local", "--env", "staging"], {}, 2, "--local is for the development environment"],
  [["--org", "a/b"], {}, 2, "It must be a login"],
  [["--env", "staging"], {}, 2, "CLOUDFLARE_WORKER_URL in environments.toml is still an example"],
  [["--env", "staging", "--url", "http://gateway.acme.dev"], {}, 2, "is not an https address"],
  [
    ["--env", "staging", "--url", "https://gateway.acme.dev"],
    { GITHUB_API_URL: "github" },
    2,
    "GITHUB_API_URL is not a URL",
  ],
  [[], { GITHUB_APP_ID: "1" }, 1, "development has an App already: GITHUB_APP_ID is set in the environment"],
])("%j is refused before anything is served", async (args, env, code, message) => {
  const project = await openProject();

  const ran = await project.run(["connect", ...args], env);

  expect(ran).toMatchObject({ code, stdout: "", stderr: expect.stringContaining(message) });
});
