/**
 * `npm run screenshots`: takes the README's pictures again, of a gateway of its own with a few pull requests of the
 * demo's repository, one of which fails. Needs Debian's chromium, or `CHROMIUM_PATH`.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { type Browser, chromium } from "playwright-core";
import { openClient } from "../../cli/src/api/client.ts";
import { sendDelivery } from "../../cli/src/api/delivery.ts";
import { type OperatorApi, operatorApi } from "../../cli/src/api/operator-api.ts";
import { buildPayload } from "../../cli/src/input/payload.ts";
import { DEMO_REPOSITORY, makePullRequest } from "../local/demo-repository.ts";

const FOLDER = path.join(ROOT, "docs/images");
const PORT = process.env.PORT ?? "8787";
const URL = `http://localhost:${PORT}`;
const TOKEN = "screenshots-operator-token-0123456789";
const SECRET = "screenshots-webhook-secret-0123456789";
const TIMEOUT_MS = 60_000;

/** A change that its own tests refuse. */
const BROKEN = {
  "src/widgets.mjs":
    "export const countWidgets = (boxes) => boxes.reduce((sum, box) => sum + box.widget, 0);\n",
};

const state = mkdtempSync(path.join(tmpdir(), "webhook-gateway-screenshots-"));
const gateway = startGateway();
try {
  await ready(gateway);
  const api = operatorApi(openClient({ url: URL, token: TOKEN }));
  const failed = await validate(api, BROKEN);
  for (let count = 0; count < 5; count += 1) await validate(api, {});
  await takePictures({ dashboard: "/dashboard", validation: `/dashboard/validations/${failed}` });
} finally {
  const ended = once(gateway, "exit");
  gateway.kill("SIGTERM");
  await ended;
  rmSync(state, { recursive: true, force: true });
}

function startGateway(): ChildProcess {
  return spawn(process.execPath, [path.join(ROOT, "tools/local/start.ts"), "--no-demo"], {
    cwd: ROOT,
    env: {
      ...localEnvironment(process.env),
      PORT,
      GATEWAY_STATE: state,
      OPERATOR_TOKEN: TOKEN,
      GITHUB_WEBHOOK_SECRET: SECRET,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
}

async function ready({ stdout }: ChildProcess): Promise<void> {
  if (stdout === null) throw new Error("the gateway's output is missing");
  for await (const line of createInterface({ input: stdout })) if (line.startsWith("ready ")) return;
  throw new Error("the gateway ended before it was ready");
}

/** Opens a pull request with a change. @returns its validation's id, once that has ended */
async function validate(api: OperatorApi, change: Readonly<Record<string, string>>): Promise<string> {
  const { number, head } = await makePullRequest(path.join(state, "demo-repos"), change);
  const payload = buildPayload("pull_request.opened", {
    repo: DEMO_REPOSITORY,
    pr: number,
    head,
    now: new Date(),
  });
  await sendDelivery(URL, SECRET, { event: "pull_request", body: JSON.stringify(payload) });
  const deadline = Date.now() + TIMEOUT_MS;
  while (Date.now() < deadline) {
    const { items } = await api.validations({ repo: DEMO_REPOSITORY, pr: number });
    const ended = items.find(({ finished_at }) => finished_at !== null);
    if (ended !== undefined) return ended.id;
    await delay(100);
  }
  throw new Error(`${DEMO_REPOSITORY}#${number} did not end within ${TIMEOUT_MS / 1000} s`);
}

async function takePictures(pages: Readonly<Record<string, string>>): Promise<void> {
  const browser: Browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"],
  });
  const page = await browser.newPage({
    baseURL: URL,
    viewport: { width: 1200, height: 760 },
  });
  await page.goto("/dashboard/login");
  await page.getByLabel("Token").fill(TOKEN);
  const answered = page.waitForEvent("framenavigated");
  await page.getByRole("button", { name: "Sign in" }).click();
  await answered;
  for (const [name, address] of Object.entries(pages)) {
    await page.goto(address, { waitUntil: "networkidle" });
    await page.screenshot({ path: path.join(FOLDER, `${name}.png`) });
  }
  await browser.close();
}
