/** Whatever a person gives is named where it cannot be used: the variable, the option or the file, and nothing else. */
import { rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { folder, holding, type MakeFile, utf16 } from "../../../test/support/files.ts";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { readLocalSettings } from "../../../tools/local/settings.ts";
import { openProject } from "../support/fake-wrangler-project.ts";

const SECRET = "webhook secret";
/** An error that is printed in one line. */
const printedError = (message: string) => expect.objectContaining({ message, exitCode: expect.any(Number) });

describe("the gateway's address", () => {
  const BAD: readonly (readonly [string, string])[] = [
    ["nonsense", "is not a URL such as https://gateway.example.com"],
    ["localhost:8787", "is not a URL such as https://gateway.example.com"],
    ["ftp://localhost", "is not a URL such as https://gateway.example.com"],
    ["https://", "is not a URL such as https://gateway.example.com"],
    ["http://mona:MARKER@localhost", "must not have a user or a password"],
    ["http://MARKER@localhost", "must not have a user or a password"],
    ["http://localhost:1/webhook/github", "must not have a path: use http://localhost:1"],
    ["http://localhost:1/dashboard/", "must not have a path: use http://localhost:1"],
    ["http://localhost:1/?MARKER", "must not have a path: use http://localhost:1"],
    ["http://localhost:1/#MARKER", "must not have a path: use http://localhost:1"],
  ];
  const COMMANDS = ["status", "send ping", "doctor --env staging"];
  const cases = COMMANDS.flatMap((command) => BAD.map(([url, problem]) => [command, url, problem] as const));
  const environment = { GATEWAY_TOKEN: "token", GITHUB_WEBHOOK_SECRET: SECRET };

  test.each(cases)("for %s: GATEWAY_URL=%s", async (command, url, problem) => {
    const project = await openProject();

    const ran = await project.run(command.split(" "), { ...environment, GATEWAY_URL: url });

    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: GATEWAY_URL ${problem}\n` });
  });

  test.each(cases)("for %s: --url %s", async (command, url, problem) => {
    const project = await openProject();
    const given = { ...environment, GATEWAY_URL: "https://gateway.example.com" };

    const ran = await project.run(["--url", url, ...command.split(" ")], given);

    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: --url ${problem}\n` });
  });

  test.each(["http://localhost:1", "http://localhost:1/", " http://localhost:1\n"])(
    "may be %j, and a port that HTTP clients refuse is named",
    async (url) => {
      const project = await openProject();

      const ran = await project.run(["status"], { ...environment, GATEWAY_URL: url });

      expect(ran).toEqual({
        code: 1,
        stdout: "",
        stderr: "error: no gateway answers at http://localhost:1 (bad port)\n",
      });
    },
  );
});

describe("others", () => {
  const DOCTOR = "doctor --env development";

  test.each<[string, Readonly<Record<string, string>>, string]>([
    ["status", { GATEWAY_TOKEN: "MARKER\n" }, "GATEWAY_TOKEN has whitespace around it"],
    ["status", { GATEWAY_TOKEN: "MARK\nER" }, "GATEWAY_TOKEN has characters that a token cannot have"],
    [DOCTOR, { PORT: "MARKER" }, "PORT is not a port: it must be a number from 1 to 65535"],
    [DOCTOR, { PORT: "70000" }, "PORT is not a port: it must be a number from 1 to 65535"],
    [
      DOCTOR,
      { GRAINCHAIN_PORT: "80.5" },
      "GRAINCHAIN_PORT is not a port: it must be a number from 1 to 65535",
    ],
    [
      "provision --env staging --dry-run",
      { CLOUDFLARE_API_BASE_URL: "MARKER" },
      "CLOUDFLARE_API_BASE_URL is not a URL",
    ],
  ])("%s with %j", async (command, env, problem) => {
    const project = await openProject();

    const ran = await project.run(command.split(" "), env);

    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: ${problem}\n` });
  });

  test.each([
    ["deliveries list --since yesterday", "error: option '--since <when>' argument 'yesterday' is invalid."],
    ["reconcile --since 2026-02-30", "error: option '--since <when>' argument '2026-02-30' is invalid."],
    ["send ping --guid a\nb", "error: option '--guid <guid>' argument 'a\nb' is invalid."],
    ["send p\u00efng", "error: command-argument value 'p\u00efng' is invalid for argument 'event'."],
  ])("%j", async (command, problem) => {
    const project = await openProject();

    const ran = await project.run(command.split(" "), { GITHUB_WEBHOOK_SECRET: SECRET });

    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain(problem);
  });

  test.each([
    ["PORT", "MARKER"],
    ["PORT", "0"],
    ["PORT", "-1"],
    ["PORT", "8787\u0000"],
    ["GRAINCHAIN_PORT", "65536"],
  ])("npm start with %s=%j", (name, value) => {
    expect(() => readLocalSettings({ [name]: value }, makeDirectory())).toThrow(
      printedError(`${name} is not a port: it must be a number from 1 to 65535`),
    );
  });

  test("npm start with one port for two programs", () => {
    const dir = makeDirectory();

    expect(() => readLocalSettings({ PORT: "8080" }, dir)).toThrow(
      printedError("PORT and GRAINCHAIN_PORT are both 8080: set one of them to another one"),
    );
    const elsewhere = { PORT: "8080", GRAINCHAIN_API_URL: "https://grainchain.example.com" };
    expect(readLocalSettings(elsewhere, dir)).toMatchObject({ port: 8080, externalGrainchain: true });
  });

  test("npm start with a GATEWAY_STATE that is a file", () => {
    const dir = makeDirectory();
    const file = path.join(dir, "state");
    writeFileSync(file, "");

    expect(() => readLocalSettings({ GATEWAY_STATE: file }, dir)).toThrow(
      printedError("GATEWAY_STATE is not a folder"),
    );
  });

  test.each<[string, MakeFile, RegExp]>([
    ["no TOML", holding("[env.staging\n"), /^error: environments\.toml cannot be read: Invalid TOML/],
    ["UTF-16", holding(utf16("[env]\n")), /^error: environments\.toml cannot be read: Invalid TOML/],
    ["a folder", folder, /^error: environments\.toml cannot be read\n/],
    [
      "without an id",
      holding('[env.staging]\nnamespace_id = "1"\n'),
      /^error: environments\.toml: env\.staging\.database_id: /,
    ],
    ["without an environment", holding("[both]\n"), /^error: environments\.toml: env: /],
  ])("an environments.toml that is %s", async (_, make, problem) => {
    const project = await openProject();
    const file = path.join(project.dir, "environments.toml");
    rmSync(file);
    make(file);

    const ran = await project.run(["provision", "--env", "staging", "--dry-run"]);

    expect(ran).toMatchObject({ code: 1, stdout: "", stderr: expect.stringMatching(problem) });
    expect(ran.stderr.trimEnd().split("\n")).toHaveLength(1);
  });
});
