import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { describe, expect, test } from "vitest";
import { startWrangler } from "../../src/cloudflare/wrangler.ts";
import { commandTable } from "../../src/commands/completion/command-table.ts";
import { makeProgram } from "../../src/program.ts";
import { runHere } from "../support/gateway-here.ts";

const folder = mkdtempSync(path.join(tmpdir(), "completion-"));

async function scriptFor(shell: string): Promise<string> {
  const ran = await runHere(["completion", shell], {});
  expect(ran).toMatchObject({ code: 0, stderr: "" });
  const file = path.join(folder, `gateway.${shell}`);
  writeFileSync(file, ran.stdout);
  return file;
}

type Shell = "bash" | "zsh" | "fish";

/** How each shell is asked what may follow. The functions of zsh's own completion only print what they get. */
const QUESTIONS: Readonly<Record<Shell, (file: string, words: readonly string[]) => string[]>> = {
  bash: (file, words) => [
    "-c",
    `source '${file}'; COMP_WORDS=(${quotedWords(words)}); COMP_CWORD=${words.length - 1}; _gateway; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ],
  zsh: (file, words) => [
    ...["-f", "-c"],
    `compdef() { : }; compadd() { print -rl -- "$@" }; _files() { : }
     _describe() { local one; for one in "\${found[@]}"; do print -r -- "\${one%%:*}"; done }
     source '${file}'; words=(${quotedWords(words)}); CURRENT=${words.length}; _gateway`,
  ],
  fish: (file, words) => ["--no-config", "-c", `source '${file}'; complete -C '${words.join(" ")}'`],
};
const quotedWords = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(" ");

/** Without a shell, its tests do not exist locally, which `npm test` says, and fail in CI. */
const SHELLS = (Object.keys(QUESTIONS) as Shell[]).filter(
  (shell) => process.env.CI !== undefined || spawnSync(shell, ["--version"]).error === undefined,
);

/** What a shell offers after this line, sorted. */
async function offered(shell: Shell, line: string): Promise<string[]> {
  const words = line.split(" ");
  const args = QUESTIONS[shell](await scriptFor(shell), words);
  const printed = execFileSync(shell, args, { encoding: "utf8", env: childEnvironment(process.env) });
  const found = printed.split("\n").map((one) => one.split("\t")[0] ?? "");
  // zsh itself leaves out what does not fit.
  return found.filter((one) => one !== "" && one.startsWith(words.at(-1) ?? "")).toSorted();
}

describe.each(SHELLS)("%s", (shell) => {
  test.each([
    ["gateway st", ["status"]],
    ["gateway dlq replay --det", ["--detach"]],
    ["gateway dlq --", ["--help", "--output", "--url"]],
    ["gateway --output json validations re", ["rerun"]],
    ["gateway --output ", ["json", "table"]],
  ])("completes %j", async (line, words) => {
    expect(await offered(shell, line)).toEqual(words);
  });

  test.each([
    ["gateway dlq ", ["discard", "list", "replay", "show"]],
    ["gateway completion ", ["bash", "fish", "zsh"]],
  ])("completes the words after %j", async (line, words) => {
    const found = await offered(shell, line);
    expect(found.filter((one) => !one.startsWith("-"))).toEqual(words);
  });
});

test("bash completes the names of files if a value is not known", async () => {
  expect(await offered("bash", "gateway validations list --repo ")).toEqual([]);
});

test.each(["bash", "zsh", "fish"])("%s gets every command and every option", async (shell) => {
  const ran = await runHere(["completion", shell], {});
  const table = commandTable(makeProgram(startWrangler));
  expect(table.length).toBeGreaterThan(25);
  for (const { path: where, options } of table) {
    expect(ran.stdout).toContain(where);
    for (const { text } of options)
      expect(ran.stdout).toContain(shell === "fish" ? `-l ${text.slice(2)}` : text);
  }
});

test("no other shell is known", async () => {
  expect(await runHere(["completion", "csh"], {})).toMatchObject({ code: 2, stdout: "" });
});
