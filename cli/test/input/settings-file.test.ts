/** Whatever is wrong with a file of settings, the file is named, and its line; what it holds is never shown. */
import { statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  folder,
  holding,
  type MakeFile,
  unlessRoot,
  unreadable,
  utf16,
} from "../../../test/support/files.ts";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { readLocalSettings } from "../../../tools/local/settings.ts";
import { openProject, type Project } from "../support/fake-wrangler-project.ts";
import { startIngress } from "../support/ingress.ts";

const SECRET = "webhook secret";
/** An error that is printed in one line. */
const printedError = (message: string) => expect.objectContaining({ message, exitCode: expect.any(Number) });

/** What can be wrong with a file of settings, whatever it is for. */
const BAD_SETTINGS: readonly (readonly [string, MakeFile, string])[] = [
  ["a folder", folder, " is a folder"],
  ["UTF-16", holding(utf16("A=MARKER\n")), " is not UTF-8"],
  ["Latin-1", holding(Buffer.from("A=MARK\xe9R\n", "latin1")), " is not UTF-8"],
  ["a name without a value", holding("A=1\n\nMARKER\n"), ": line 3 is not NAME=value"],
  ["a colon", holding("# A\nMARKER: MARKER\n"), ": line 2 is not NAME=value"],
  ["two words for a name", holding("MARKER MARKER=1\r\n"), ": line 1 is not NAME=value"],
  ["a value without a name", holding("=MARKER"), ": line 1 is not NAME=value"],
  ["an open quote", holding('A=1\nB="MARKER\nC=2\n'), ": the quote in line 2 is not closed"],
  ["text after a quote", holding("A='MARKER'MARKER\n"), ": line 1 has text after its quote"],
  ["quotes within quotes", holding('A="{"MARKER":1}"\n'), ": line 1 has text after its quote"],
  ...unlessRoot([["a file of somebody else's", unreadable, " cannot be read (EACCES)"] as const]),
];

/** In each way the same four values. */
const GOOD_SETTINGS: readonly (readonly [string, string])[] = [
  ["as npm start makes it", "# made\nA=1\nB=two words\nC=a=b\nD=\n"],
  ["a byte order mark", "\ufeffA=1\nB=two words\nC=a=b\n"],
  ["the line ends of Windows", "\ufeffA=1\r\nB=two words\r\nC=a=b\r\n\r\n"],
  ["spaces, exports and comments", ' A = 1 # one\nexport B= two words\n#D=4\n\tC="a=b" # D=4'],
  ["quotes of each kind", "A=\"1\"\nB='two words'\nC=`a=b`"],
  ["a space in the place of a value", "D= \nA=1\nB=two words\nC=a=b\n"],
];

describe(".env", () => {
  const run = async (make: MakeFile) => {
    const project = await openProject();
    make(path.join(project.dir, ".env"));
    return project.run(["provision", "--env", "staging", "--dry-run"]);
  };

  test.each(BAD_SETTINGS)("that is or has %s", async (_, make, problem) => {
    expect(await run(make)).toEqual({ code: 2, stdout: "", stderr: `error: .env${problem}\n` });
  });

  test.each(BAD_SETTINGS)("for doctor too: %s", async (_, make, problem) => {
    const project = await openProject();
    make(path.join(project.dir, ".env"));

    expect(await project.run(["doctor", "--env", "staging"])).toMatchObject({
      code: 2,
      stderr: `error: .env${problem}\n`,
    });
  });

  test("with a byte order mark still has its first value", async () => {
    const project = await openProject();
    holding("\ufeffCLOUDFLARE_API_TOKEN=the-cloudflare-token\r\n")(path.join(project.dir, ".env"));

    const ran = await project.run(["provision", "--env", "staging", "--dry-run"], {
      CLOUDFLARE_API_TOKEN: "",
    });

    expect(ran.code).toBe(0);
  });

  test("of CodegenApp calls the token CLOUDFLARE_API_KEY, which is used, with a note", async () => {
    const project = await openProject();
    holding("CLOUDFLARE_API_KEY=the-cloudflare-token\n")(path.join(project.dir, ".env"));
    const dryRun = (env: Readonly<Record<string, string>>) =>
      project.run(["provision", "--env", "staging", "--dry-run"], { CLOUDFLARE_API_TOKEN: "", ...env });

    const ran = await dryRun({});
    const withEmail = await dryRun({ CLOUDFLARE_EMAIL: "mona@example.com" });

    expect([ran.code, ran.stderr]).toEqual([0, expect.stringContaining("rename it to CLOUDFLARE_API_TOKEN")]);
    expect(withEmail.stderr).toContain("CLOUDFLARE_API_TOKEN is not set");
    expect(project.printed()).not.toContain("the-cloudflare-token");
  });
});

describe(".dev.vars", () => {
  const start = (dir: string, env = {}) => readLocalSettings(env, dir).variables;

  test.each(BAD_SETTINGS)("for npm start, that is or has %s", (_, make, problem) => {
    const dir = makeDirectory();
    make(path.join(dir, ".dev.vars"));

    expect(() => start(dir)).toThrow(printedError(`.dev.vars${problem}`));
  });

  test.each(GOOD_SETTINGS)("for npm start, with %s", (_, text) => {
    const dir = makeDirectory();
    holding(text)(path.join(dir, ".dev.vars"));

    const { A, B, C, D } = start(dir);

    expect({ A, B, C, D }).toEqual({ A: "1", B: "two words", C: "a=b", D: undefined });
  });

  test("may have values of several lines, and escaped newlines", () => {
    const dir = makeDirectory();
    holding("A='one\r\ntwo'\r\nB=\"one\\ntwo\"\r\nC='one\\ntwo'\r\n")(path.join(dir, ".dev.vars"));

    expect(start(dir)).toMatchObject({ A: "one\ntwo", B: "one\ntwo", C: String.raw`one\ntwo` });
  });

  test("gives way to the environment, as development does if the environment names another one", () => {
    const dir = makeDirectory();
    holding("A=1\nB=2")(path.join(dir, ".dev.vars"));

    expect(start(dir, { A: "3" })).toMatchObject({ A: "3", B: "2", ENVIRONMENT: "development" });
    expect(start(dir, { ENVIRONMENT: "staging" })).toMatchObject({ A: "1", ENVIRONMENT: "staging" });
  });

  test("is taken away from other users of the machine", () => {
    const file = path.join(makeDirectory(), ".dev.vars");
    writeFileSync(file, "A=1\n", { mode: 0o644 });

    start(path.dirname(file));

    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test("need no key of the embedded Grainchain, which gets a new one unless there is one", () => {
    const dir = makeDirectory();
    const [first, second] = [start(dir), start(dir)].map(({ GRAINCHAIN_API_KEY }) => GRAINCHAIN_API_KEY);

    expect(first).toMatch(/^[\w-]{43}$/);
    expect(second).not.toBe(first);
    expect(start(dir, { GRAINCHAIN_API_KEY: "given" }).GRAINCHAIN_API_KEY).toBe("given");
    expect(start(dir, { GRAINCHAIN_API_URL: "http://127.0.0.1:1" }).GRAINCHAIN_API_KEY).toBeUndefined();
  });

  test("that cannot be written", () => {
    expect(() => start(path.join(makeDirectory(), "nowhere"))).toThrow(
      printedError(".dev.vars cannot be written (ENOENT)"),
    );
  });

  test("for send, with a byte order mark", async () => {
    const project = await openProject();
    const { url, received } = await startIngress();
    holding(`\ufeffGITHUB_WEBHOOK_SECRET=${SECRET}\r\n`)(path.join(project.dir, ".dev.vars"));

    expect(await project.run(["--url", url, "send", "ping"])).toMatchObject({ code: 0, stderr: "" });
    expect(received).toHaveLength(1);
  });

  test.each(BAD_SETTINGS)("for send, that is or has %s", async (_, make, problem) => {
    const project = await openProject();
    make(path.join(project.dir, ".dev.vars"));

    expect(await project.run(["send", "ping"])).toEqual({
      code: 2,
      stdout: "",
      stderr: `error: .dev.vars${problem}\n`,
    });
  });
});

describe("--secrets-file", () => {
  const HEADER = "# gateway provision --env staging";
  const open = async (make: (project: Project) => void, name = "kept") => {
    const project = await openProject();
    make(project);
    const args = ["provision", "--env", "staging", "--yes", "--secrets-file", name];
    return { project, ran: await project.run(args) };
  };
  const kept =
    (make: MakeFile) =>
    ({ dir }: Project) =>
      make(path.join(dir, "kept"));

  test.each<[string, (project: Project) => void, string, string?]>([
    ["a folder", kept(folder), "kept is a folder"],
    ["no name", () => undefined, "--secrets-file has no name", ""],
    ["below a file", kept(holding("")), "--secrets-file: the folder kept does not exist", "kept/below"],
    [
      "far below a file",
      kept(holding("")),
      "--secrets-file: the folder kept/far does not exist",
      "kept/far/below",
    ],
    ["not UTF-8", kept(holding(utf16(`${HEADER}\nREADER_TOKEN=MARKER\n`))), "kept is not UTF-8"],
    [
      "a file with a bad line",
      kept(holding(`${HEADER}\nREADER_TOKEN MARKER\n`)),
      "kept: line 2 is not NAME=value",
    ],
  ])("that is %s", async (_, make, problem, name) => {
    const { ran, project } = await open(make, name);

    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: ${problem}\n` });
    expect(project.calls()).toEqual([]);
  });

  test("that an editor gave a byte order mark and other line ends", async () => {
    const lines = ["GITHUB_WEBHOOK_SECRET", "GRAINCHAIN_CALLBACK_SECRET", "OPERATOR_TOKEN", "READER_TOKEN"];
    const secretOf = (name: string) => `kept-${name}`.padEnd(32, "-");
    const text = [HEADER, ...lines.map((name) => `${name}=${secretOf(name)}`), ""].join("\r\n");

    const { ran, project } = await open(kept(holding(`\ufeff${text}`)));

    expect(ran.code).toBe(0);
    expect(project.secrets()).toEqual(expect.arrayContaining(lines.map(secretOf)));
  });
});
