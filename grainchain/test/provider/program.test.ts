/** The program with a sandbox service, from its variables on. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";
import { startReceiver } from "../support/receiver.ts";
import { commitFiles, makeDirectory, stepsFile } from "../support/repositories.ts";
import { requestBody } from "../support/system.ts";
import { SERVICE_NAMES, SERVICES } from "./support/services.ts";

const ENTRY = fileURLToPath(new URL("../../src/index.ts", import.meta.url));

function startProgram(args: string[], env: Readonly<Record<string, string>>) {
  const child = spawn(process.execPath, [ENTRY, ...args], { env: { PATH: process.env.PATH, ...env } });
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk) => lines.push(...String(chunk).split("\n").filter(Boolean)));
  onTestFinished(() => {
    child.kill("SIGKILL");
  });
  const event = (name: string) =>
    waitFor(name, () => lines.map((line) => JSON.parse(line)).find((one) => one.event === name));
  return { child, lines, event, exited: once(child, "close").then(([code]) => Number(code)) };
}

test.each(SERVICE_NAMES)("a sandbox of %s is closed though the server was killed", async (name) => {
  const { machines, env } = await SERVICES[name]();
  const reposDir = makeDirectory();
  const steps = stepsFile({ hang: "sleep 300" });
  const head_sha = commitFiles(join(reposDir, "acme", "app"), { ".grainchain.yml": steps });
  const receiver = await startReceiver();
  // Its own, as the servers of other tests sweep the shared one.
  const variables = { ...env, GRAINCHAIN_REPOS: reposDir, TMPDIR: makeDirectory() };
  const killed = startProgram(["--port", "0"], variables);
  const { url, provider } = await killed.event("grainchain.started");
  expect(provider).toBe(name);
  const body = JSON.stringify(requestBody({ head_sha, webhook_url: receiver.url }));
  await fetch(`${url}/api/v1/validation/trigger`, { method: "POST", body });
  await waitFor("the step", () =>
    machines.all[0]?.commands.find(({ command }) => command.endsWith("run.sh")),
  );

  killed.child.kill("SIGKILL");
  await killed.exited;
  expect(machines.open()).toHaveLength(1);
  const { event } = startProgram(["--port", "0"], variables);

  expect(await event("grainchain.swept")).toMatchObject({ directories: 1, sandboxes: 1 });
  expect(machines.open()).toEqual([]);
});

test.each(SERVICE_NAMES)("says whether %s can be used", async (name) => {
  const { env } = await SERVICES[name]();
  const good = startProgram(["--check"], env);
  expect(await good.exited).toBe(0);
  expect(good.lines).toEqual([`provider: ${name} (it answers, and accepts the key)`]);

  const wrong = Object.fromEntries(
    Object.entries(env).map(([key, value]) => [key, key.endsWith("_KEY") ? "a-wrong-key" : value]),
  );
  const bad = startProgram(["--check"], wrong);
  expect(await bad.exited).toBe(1);
  expect(bad.lines.join("\n")).toMatch(new RegExp(`^grainchain: ${name} cannot be used: `));
  expect(bad.lines.join("\n")).not.toContain("a-wrong-key");
});
