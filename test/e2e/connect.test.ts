import { randomUUID } from "node:crypto";
import { cpSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { buildPayload } from "../../cli/src/input/payload.ts";
import { parseSettings } from "../../cli/src/input/settings-file.ts";
import { startConnect } from "../../cli/test/support/person.ts";
import { startGrainchain } from "../../grainchain/src/server.ts";
import { openGitHub } from "../github/client/client.ts";
import type {} from "../github/client/provided.ts";
import { waitFor } from "../support/patience.ts";
import { commitFiles, makeDirectory, stepsFile } from "../system/repositories.ts";
import { startBrowser, visit } from "./support/browser.ts";
import { openForwarder } from "./support/forwarder.ts";
import { SECRETS, startGateway } from "./support/gateway.ts";
import { checkRunsOf } from "./support/github-systems.ts";

const ORG = "acme";
const REPOSITORY = `${ORG}/widgets`;

let browser: Browser;
beforeAll(async () => {
  browser = await startBrowser();
});
afterAll(() => browser.close());

/** A checkout without settings. */
function newProject(): string {
  const dir = makeDirectory();
  for (const worker of ["producer", "consumer"]) {
    const file = `wrangler.${worker}.toml`;
    cpSync(path.join(ROOT, file), path.join(dir, file));
  }
  return dir;
}

test("from nothing to an organization's first check, without a tunnel", async () => {
  const github = await openGitHub(inject("githubDouble").url, {});
  onTestFinished(() => github.close());
  const front = await openForwarder();
  onTestFinished(() => front.close());
  const dir = newProject();
  const { child, ended, url } = await startConnect(["--org", ORG, "--local", "--url", front.url], {
    GATEWAY_PROJECT: dir,
    GATEWAY_STATE: path.join(dir, "state"),
    GITHUB_API_URL: github.enterpriseUrl,
    GITHUB_WEBHOOK_SECRET: SECRETS.GITHUB_WEBHOOK_SECRET,
  });

  const { page, complaints } = await visit(browser, url);
  await page.goto(url);
  await page.getByRole("button", { name: "Create on GitHub" }).click();
  await page.getByLabel("GitHub App name").fill("Our own gateway");
  await page.getByRole("button", { name: "Create GitHub App" }).click();
  await page.getByRole("link", { name: "Install it" }).waitFor();
  expect(complaints).toEqual([]);

  const { GITHUB_APP_ID = "", GITHUB_APP_PRIVATE_KEY = "" } = parseSettings(
    readFileSync(path.join(dir, ".dev.vars"), "utf8"),
    ".dev.vars",
  );
  const reposDir = makeDirectory();
  const head = commitFiles(reposDir, REPOSITORY, stepsFile({ name: "test", run: "echo fine" }));
  const grainchain = await startGrainchain({
    port: 0,
    provider: { name: "local", isolation: "none" },
    reposDir,
    callbackSecret: SECRETS.GRAINCHAIN_CALLBACK_SECRET,
  });
  onTestFinished(() => grainchain.close());
  const gateway = await startGateway(grainchain.url, {
    GITHUB_API_URL: github.enterpriseUrl,
    GITHUB_APP_ID,
    GITHUB_APP_PRIVATE_KEY,
  });
  front.forwardTo(new URL(gateway.url));
  await github.install({ id: 77, account: ORG, repositories: [REPOSITORY] });
  const guid = randomUUID();
  await github.addDeliveries(Number(GITHUB_APP_ID), {
    ...{ id: 1, guid, event: "pull_request", action: "opened", delivered_at: new Date().toISOString() },
    ...{ status: "failed to connect to host", status_code: 0 },
    payload: { ...buildPayload("pull_request.opened", { repo: REPOSITORY, pr: 1, head, now: new Date() }) },
  });

  const [check] = await waitFor("the check", async () => {
    const runs = await checkRunsOf(github, head);
    return runs.some(({ conclusion }) => conclusion !== null) ? runs : undefined;
  });
  child.kill("SIGINT");

  expect(check).toMatchObject({ conclusion: "success", name: "CodegenApp Validation" });
  const { code, stderr } = await ended;
  expect(code).toBe(0);
  expect(stderr.match(/forwarded, answered 202/g)).toHaveLength(1);
  expect(await github.violations()).toEqual([]);
});
