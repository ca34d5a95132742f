import { execFileSync } from "node:child_process";
import { globSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { runGateway } from "./support/gateway-command.ts";
import { startOperatorServer, TOKEN } from "./support/operator-server.ts";

const ROOT = path.resolve(import.meta.dirname, "../..");
const DOCUMENTS = globSync(["*.md", "docs/**/*.md", "shared/migrations/*.md"], { cwd: ROOT });

interface Documented {
  readonly document: string;
  readonly line: string;
}

const documented = DOCUMENTS.flatMap((document): Documented[] =>
  [...read(document).matchAll(/^```sh\n(.*?)^```$/gms)]
    .flatMap(([, block = ""]) => block.split("\n"))
    .filter((line) => line.trim() !== "")
    .map((line) => ({ document, line })),
);

function read(file: string): string {
  return readFileSync(path.join(ROOT, file), "utf8");
}

/** The documented commands that begin with these words, and what follows them, as a shell reads it. */
function argumentsAfter(...words: readonly string[]): [string, string[]][] {
  return documented.flatMap(({ document, line }): [string, string[]][] => {
    const said = line.replaceAll(/<[^>]+>/g, "an-id");
    const prefix = words.find((word) => said.startsWith(word));
    if (prefix === undefined) return [];
    const script = `printf '%s\\0' ${said.slice(prefix.length)}`;
    const printed = execFileSync("sh", ["-c", script], { encoding: "utf8" });
    return [[`${document}: ${line}`, printed.split("\0").slice(0, -1)]];
  });
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

describe("what is documented runs as written", () => {
  test.each(argumentsAfter("npm run d1 -- ", "pnpm d1 "))("%s", (_, [sql = ""]) => {
    expect(migratedDatabase().prepare(sql).all()).toBeInstanceOf(Array);
  });

  // These two speak to Cloudflare, and are tested by themselves.
  const commands = argumentsAfter("npm run gateway -- ").filter(
    ([, [command = ""]]) => !["provision", "doctor"].includes(command),
  );
  test.each(commands)("%s", async (_, args) => {
    const { url } = await startOperatorServer({});
    const env = { GATEWAY_URL: url, GATEWAY_TOKEN: TOKEN, GITHUB_WEBHOOK_SECRET: "the hook's secret" };
    const { code, stderr } = await runGateway(args, env);
    expect([code, stderr]).not.toEqual([2, expect.anything()]);
  });

  test.each(documented.filter(({ line }) => /^(npm run|npm|pnpm) [a-z]/.test(line)))(
    "$document: $line",
    ({ line }) => {
      const [, script = ""] = /^(?:npm run|npm|pnpm) ([a-z][\w:-]*)/.exec(line) ?? [];
      const { scripts } = JSON.parse(read("package.json")) as { scripts: Record<string, string> };
      expect([...Object.keys(scripts), "install"]).toContain(script);
    },
  );
});

test.each(DOCUMENTS)("what %s links to is there", (document) => {
  const targets = [...read(document).matchAll(/\]\((?!https?:|mailto:|#)([^)#]+)/g)].map(
    ([, target = ""]) => target,
  );
  const folder = path.join(ROOT, path.dirname(document));
  const missing = targets.filter((target) => globSync(target, { cwd: folder }).length === 0);
  expect(missing).toEqual([]);
});
