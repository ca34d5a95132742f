import { execFileSync } from "node:child_process";
import { existsSync, globSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { describe, expect, test } from "vitest";
import { startWrangler } from "../../cli/src/cloudflare/wrangler.ts";
import { makeProgram } from "../../cli/src/program.ts";
import { runHere } from "../../cli/test/support/gateway-here.ts";
import { startOperatorServer, TOKEN } from "../../cli/test/support/operator-server.ts";
import { D1_OPTIONS, INVARIANTS_OPTIONS } from "../database/database-tool.ts";
import {
  argumentsOf,
  BLOCKS,
  COMMANDS,
  DOCUMENTS,
  type Documented,
  filledIn,
  readDocument,
} from "./support/documented.ts";
import { wranglerProblems } from "./support/wrangler-usage.ts";

type Kind = readonly [pattern: RegExp, check: (line: string) => void | Promise<void>];

/** How each kind of command is checked. The first that fits counts. */
const KINDS: readonly Kind[] = [
  [/^npx /, (line) => expect.fail(`${line} runs on the machine's own Node, which may be too old`)],
  [/^(npm run d1 --|pnpm d1) /, checkSql],
  [/^(npm run invariants --|pnpm invariants) /, checkInvariants],
  // These speak to Cloudflare and GitHub: what they do is tested by itself.
  [/^npm run gateway -- (provision|doctor|connect)\b/, checkByParser],
  [/^npm run gateway -- /, checkByServer],
  [/^npm run wrangler -- /, (line) => expect(wranglerProblems(argumentsOf(line))).toEqual([])],
  [/^printf %s "\$SECRET" \| npm run wrangler -- /, checkPiped],
  [/^curl .*http:\/\/localhost:8787/, checkRoute],
  [/^(npm run|npm|pnpm) [a-z][\w:-]*( +#.*| <n>)?$/, checkScript],
];

/** What is not checked, and why. Shell syntax is checked of all. */
const EXCUSED: readonly (readonly [pattern: RegExp, reason: string])[] = [
  [/: export /, "names values for the lines that follow"],
  [/^README\.md: npm start -- --no-demo$/, "the tests of `npm start` start it so"],
  [/^README\.md: npm run grainchain -- --check$/, "its tests start it so"],
  [/: (npm test --|npm run test:soak --|pnpm check) --project \w+/, "Vitest's own arguments"],
  [/^CONTRIBUTING\.md: npm install --package-lock-only$/, "asks the registry for new versions"],
  [/^docs\/releasing\.md: git /, "tags a release of this repository"],
  [/^docs\/releasing\.md: node test\/versions\/record\.mjs /, "records a release; its output is tested"],
  [/: pnpm bench\S* (\d|--)/, "measures for minutes; the benchmarks read these arguments themselves"],
  [/^docs\/coming-from-codegenapp\.md: gh api /, "changes a hook of the reader's at GitHub"],
  [
    /^docs\/grainchain-api\.md: /,
    "a session with a Grainchain of the reader's; the API is tested in grainchain/test",
  ],
];

describe("every documented command is checked", () => {
  const checked = COMMANDS.flatMap(({ document, line }) => {
    const kind = KINDS.find(([pattern]) => pattern.test(line));
    return kind === undefined ? [] : [{ document, line, check: kind[1] }];
  });

  test.each(checked)("$document: $line", ({ line, check }) => check(line));

  test("or excused", () => {
    const open = COMMANDS.filter(({ line }) => !KINDS.some(([pattern]) => pattern.test(line)));
    const said = open.map(({ document, line }: Documented) => `${document}: ${line}`);
    expect(said.filter((one) => !EXCUSED.some(([pattern]) => pattern.test(one)))).toEqual([]);
    const stale = EXCUSED.filter(([pattern]) => !said.some((one) => pattern.test(one)));
    expect(stale).toEqual([]);
    const unused = KINDS.slice(1).filter(([pattern]) => !COMMANDS.some(({ line }) => pattern.test(line)));
    expect(unused).toEqual([]);
  });

  test.each(BLOCKS)("and a shell reads it: $document: $block", ({ block }) => {
    execFileSync("sh", ["-n"], { input: filledIn(block), stdio: ["pipe", "ignore", "pipe"] });
  });
});

/** Wrangler's commands that `provision` and `doctor` advise, with a value in each gap. */
const ADVICE_FILE = "cli/src/cloudflare/wrangler-command.ts";
const advice = [...readDocument(ADVICE_FILE).matchAll(/wranglerCommand\(`([^`]+)`\)/g)].map(([, text = ""]) =>
  text
    .replaceAll(/-c \$\{[^}]+\}/g, "-c wrangler.producer.toml")
    .replaceAll(/--env \$\{[^}]+\}/g, "--env staging")
    .replaceAll(/\$\{[^}]+\}/g, "a-name"),
);

test.each(advice)("Wrangler accepts what the command line advises: %s", (command) => {
  expect(wranglerProblems(command.split(" "))).toEqual([]);
});

test("all advice about Wrangler is in one file", () => {
  expect(advice).toHaveLength(readDocument(ADVICE_FILE).match(/^export const/gm)?.length ?? 0);
  const others = globSync("cli/src/**/*.ts", { cwd: ROOT }).filter(
    (file) => file !== ADVICE_FILE && readDocument(file).includes("npm run wrangler"),
  );
  expect(others).toEqual([]);
});

test.each(["doctor --env Prod", "provision --env staging --now", "doctor"])(
  "tells a line that the program does not take: %s",
  async (line) => {
    expect(await complaintOf(line.split(" "))).toMatch(/^error: /);
  },
);

test.each([
  ["rollbak 1 -c wrangler.producer.toml", 'there is no command "rollbak 1 -c wrangler.producer.toml"'],
  ["rollback 1 2 -c wrangler.producer.toml", "it does not take 1 2"],
  ["rollback 1 --force", "there is no flag --force"],
  ["deploy -c wrangler.producer.toml --env prod", "prod is not an environment"],
  ["deploy -c wrangler.toml", "there is no file wrangler.toml"],
  ["deploy --env", "--env needs a value"],
  ["secret put -c wrangler.producer.toml", "it needs key"],
  ["tail --status broken", "--status is one of ok, error, canceled"],
  ["deployments", 'there is no command "deployments"'],
])("tells a line that Wrangler does not take: %s", (line, problem) => {
  expect(wranglerProblems(line.split(" "))).toEqual([problem]);
});

function checkSql(line: string): void {
  const { positionals } = parseArgs({ args: argumentsOf(line), allowPositionals: true, options: D1_OPTIONS });
  const [sql = ""] = positionals;
  expect(positionals).toHaveLength(1);
  expect(migratedDatabase().prepare(sql).all()).toBeInstanceOf(Array);
}

function migratedDatabase(): DatabaseSync {
  const db = new DatabaseSync(":memory:");
  const migrations = path.join(ROOT, "shared/migrations");
  for (const name of readdirSync(migrations)
    .filter((name) => name.endsWith(".sql"))
    .toSorted()) {
    db.exec(readFileSync(path.join(migrations, name), "utf8"));
  }
  return db;
}

function checkInvariants(line: string): void {
  parseArgs({ args: argumentsOf(line), options: INVARIANTS_OPTIONS });
}

async function checkByParser(line: string): Promise<void> {
  expect(await complaintOf(argumentsOf(line))).toBe("");
}

/** What the program's own parser says, before anything is done. */
async function complaintOf(args: readonly string[]): Promise<string> {
  const program = makeProgram(startWrangler);
  const complaints: string[] = [];
  let parsed = false;
  for (const command of program.commands) {
    command.exitOverride().configureOutput({ writeErr: (text) => void complaints.push(text) });
    command.action(() => {
      parsed = true;
    });
  }
  await program.parseAsync(args, { from: "user" }).catch(() => undefined);
  return complaints.join("") || (parsed ? "" : "it does nothing");
}

async function checkByServer(line: string): Promise<void> {
  const { url } = await startOperatorServer({});
  const env = { GATEWAY_URL: url, GATEWAY_TOKEN: TOKEN, GITHUB_WEBHOOK_SECRET: "the hook's secret" };
  const { code, stderr } = await runHere(argumentsOf(line), env);
  expect([code, stderr]).not.toEqual([2, expect.anything()]);
}

/** What a pipe feeds. */
function checkPiped(line: string): void {
  expect(wranglerProblems(argumentsOf(line.replace(/^.*? \| /, "")))).toEqual([]);
}

/** As the tests of the producer have them. */
const ROUTES = ["GET /health", "POST /webhook/status", "GET /webhook/projects/owner/repo/status"];

function checkRoute(line: string): void {
  const [, place = ""] = /http:\/\/localhost:8787([^\s"]*)/.exec(line) ?? [];
  const method = /--json|--data|-d /.test(line) ? "POST" : "GET";
  const route = place.replace(/(?<=^\/webhook\/projects\/)[\w-]+\/[\w-]+/, "owner/repo");
  expect(ROUTES).toContain(`${method} ${route}`);
}

function checkScript(line: string): void {
  const [, script = ""] = /^(?:npm run|npm|pnpm) ([a-z][\w:-]*)/.exec(line) ?? [];
  const { scripts } = JSON.parse(readDocument("package.json")) as { scripts: Record<string, string> };
  expect([...Object.keys(scripts), "install"]).toContain(script);
}

test.each(DOCUMENTS)("%s links to files and headings that exist", (document) => {
  const links = [...readDocument(document).matchAll(/\]\((?!https?:|mailto:)([^)#]*)(?:#([^)]+))?\)/g)];
  const missing = links.filter(([, target = "", anchor]) => {
    const file = target === "" ? document : path.join(path.dirname(document), target);
    if (!existsSync(path.join(ROOT, file))) return true;
    return anchor !== undefined && !anchorsOf(readDocument(file)).includes(anchor);
  });
  expect(missing.map(([link]) => link)).toEqual([]);
});

/** The anchors that GitHub gives to the headings. */
const anchorsOf = (text: string): string[] =>
  [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );

const FOLDERS = "producer|consumer|shared|cli|grainchain|tools|test|bench|docs";

test.each(DOCUMENTS)("%s names files that exist", (document) => {
  const named = readDocument(document).matchAll(new RegExp(`\`((?:${FOLDERS})/[\\w./-]+)\``, "g"));
  const missing = [...named].filter(([, file = ""]) => !existsSync(path.join(ROOT, file)));
  expect(missing.map(([, file]) => file)).toEqual([]);
});

test("each threat names its tests", () => {
  const [, table = ""] = /^\| threat [\s\S]*?\n((?:\|.*\n)+)/m.exec(readDocument("docs/security.md")) ?? [];
  const rows = table.trim().split("\n").slice(1);
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) {
    let folder = "";
    const names = [...(row.split("|").at(-2) ?? "").matchAll(/`([\w./-]+)`/g)].map(([, name = ""]) => name);
    expect(names, row).not.toEqual([]);
    for (const name of names) {
      // A name without a folder is in the folder before it.
      const file = name.includes("/") ? name : path.join(folder, name);
      folder = path.dirname(file);
      expect(globSync(`${file}{,/**/*.test.{ts,tsx}}`, { cwd: ROOT }), row).toContainEqual(
        expect.stringMatching(/\.test\.tsx?$/),
      );
    }
  }
});
