import { once } from "node:events";
import { createServer } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { environment, startProgram } from "../system/program.ts";

test.each(["PORT", "GRAINCHAIN_PORT"] as const)("names the port where %s is taken", async (name) => {
  const { env } = await environment();
  const taken = createServer();
  taken.listen(Number(env[name]), "127.0.0.1");
  await once(taken, "listening");
  onTestFinished(() => void taken.close());

  const program = startProgram(["start"], env);
  await once(program.child, "close");

  expect(program.child.exitCode).toBe(1);
  expect(program.lines).toContain(`error: port ${env[name]} is taken; set ${name} to another one`);
});

test.each([
  [
    "a bad value, for both Workers",
    { WEBHOOK_DEBUG_MODE: "perhaps", GRAINCHAIN_TIMEOUT: "soon" },
    [],
    [
      "error: producer: bad configuration: WEBHOOK_DEBUG_MODE (bad type)",
      "error: consumer: bad configuration: WEBHOOK_DEBUG_MODE (bad type), GRAINCHAIN_TIMEOUT (bad regex)",
    ],
  ],
  [
    "a newline after a secret",
    { GITHUB_WEBHOOK_SECRET: "MARKER\n", GITHUB_TOKEN: "MARKER\n" },
    [],
    [
      "error: producer: bad configuration: GITHUB_WEBHOOK_SECRET (has whitespace around it)",
      "error: consumer: bad configuration: GITHUB_TOKEN (has whitespace around it)",
    ],
  ],
  [
    "an unknown option",
    {},
    ["--demoless"],
    ["error: Unknown option '--demoless'; the only option is --no-demo"],
  ],
])("reports %s, and starts nothing", async (_, given, options, errors) => {
  const { env } = await environment();

  const program = startProgram(["start", ...options], { ...env, ...given });
  await once(program.child, "close");

  expect(program.child.exitCode).toBe(1);
  expect(program.lines.filter((line) => line.startsWith("error"))).toEqual(errors);
  expect(program.stdout.join()).not.toContain("ready");
});
