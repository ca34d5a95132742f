import { execFileSync } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { expect, test } from "vitest";
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

/** What bash offers after this line. */
function offered(file: string, line: string): string[] {
  const words = line.split(" ");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const code = `source '${file}'; COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _gateway; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return execFileSync("bash", ["-c", code], { encoding: "utf8", env: childEnvironment(process.env) })
    .trim()
    .split("\n");
}

test.each([
  ["gateway st", ["status"]],
  ["gateway dlq ", ["list", "show", "replay", "discard", "--help", "--url", "--output"]],
  ["gateway dlq replay --det", ["--detach"]],
  ["gateway --output json validations re", ["rerun"]],
  ["gateway --output ", ["table", "json"]],
  ["gateway validations list --repo ", [""]],
  ["gateway completion ", ["bash", "zsh", "fish", "--help", "--url", "--output"]],
])("bash completes %j", async (line, words) => {
  expect(offered(await scriptFor("bash"), line)).toEqual(words);
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
