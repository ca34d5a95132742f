import { env } from "cloudflare:workers";
import { keepResults } from "@webhook-gateway/shared/domain/results/keep.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { bytesOf, withoutCode } from "../report-content/support.ts";
import { empty } from "../support/database.ts";
import { callback, freshRepository } from "../support/facts.ts";
import { openWorld, queueHeads, reportOf, type World } from "../support/github.ts";

beforeEach(async () => {
  await empty();
});

const LIMIT = 65_535;
const ESC = "\u001b";
const HOSTILE = [
  `${ESC}[31mred${ESC}[0m ${ESC}]8;;https://evil.example${ESC}\\link${ESC}]8;;${ESC}\\`,
  "@everyone @acme/owners fixes #1",
  "<img src=x onerror=alert(1)><script>alert(1)</script><!-- ",
  "``` ~~~ [x](javascript:alert(1)) ![p](https://evil.example/pixel.png)",
  "\u202egnp.exe \u0000\u0007 \ud800 | a | b |",
  "🧪 emoji, 漢字 and é",
  "src/a.ts:3:1: error: @everyone <b>is</b> wrong",
].join("\n");

const failing = (output: string, name = "test") => ({
  success: false,
  test_results: {
    overall_success: false,
    [name]: { status: "failed", exit_code: 1, duration_ms: 12, output },
  },
});

/** A validation that ended with these results, as the producer passes them on. */
async function endedWith(mode: "app" | "token", results: Record<string, unknown>) {
  const repository = freshRepository();
  const world = await openWorld({ mode, repositories: [repository.full_name] });
  const [id = ""] = await queueHeads(world, repository, 1);
  const kept = keepResults(results);
  const fact = callback(repository, id, "completed", {
    success: false,
    results_stored: kept.kind === "stored",
    ...(kept.kind === "inline" ? { results: kept.results } : {}),
  });
  if (kept.kind === "stored") {
    await env.DB.prepare("INSERT INTO callback_results (id, results, created_at) VALUES (?1, ?2, ?3)")
      .bind(fact.id, kept.json, fact.received_at)
      .run();
  }
  await world.record(fact);
  await world.report();
  expect(await reportOf(id)).toMatchObject({ status: "posted", posted_state: "completed" });
  return world;
}

async function outputOf(world: World) {
  const [run, ...others] = Object.values((await world.double.state()).check_runs);
  if (run === undefined || others.length > 0) throw new Error("not one check run");
  const { title, summary, text } = run.output;
  return { title: title ?? "", summary: summary ?? "", text: text ?? "", run };
}

const MEGABYTE = 1024 * 1024;
const line = `${HOSTILE}\n`;
const log = (size: number): string => line.repeat(Math.ceil(size / line.length)).slice(0, size);

describe.each<[string, Record<string, unknown>]>([
  ["a few hostile lines", failing(HOSTILE)],
  ["a log of 5 MB", failing(log(5 * MEGABYTE))],
  ["a log of 900 KB, which is kept whole", failing(log(500_000))],
  [
    "a hundred steps of 8 KB",
    {
      success: false,
      test_results: Object.fromEntries(
        Array.from({ length: 100 }, (_, n) => [`${n} ${HOSTILE}`, failing(log(8192)).test_results.test]),
      ),
    },
  ],
  ["the name of a step", failing("fine", HOSTILE)],
  ["what the sandbox says", { success: false, error: HOSTILE }],
  ["backticks and pipes alone", failing("`".repeat(300_000), "||`|".repeat(400))],
])("%s", (_, results) => {
  test("arrives in a check run, harmless and within GitHub's limits", async () => {
    const { title, summary, text, run } = await outputOf(await endedWith("app", results));
    expect(run).toMatchObject({ status: "completed", conclusion: "failure" });
    for (const part of [summary, text]) {
      expect(bytesOf(part)).toBeLessThanOrEqual(LIMIT);
      expect(withoutCode(part)).not.toMatch(
        /@everyone|@acme|<img|<script|<!--|javascript:|evil\.example|#1\b/,
      );
    }
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(title + summary + text).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    expect([...title].length).toBeLessThanOrEqual(255);
    expect(title).not.toContain("\n");
  });

  test("arrives in a commit status", async () => {
    const world = await endedWith("token", results);
    const { statuses } = await world.double.state();
    expect(statuses).toMatchObject([{ state: "failure", context: "codegenapp/validation" }]);
  });
});

test("shows the end of a failing step's output, and annotates the file that it names", async () => {
  const { text, run } = await outputOf(
    await endedWith("app", failing(`${"x\n".repeat(9000)}the last words`)),
  );
  expect(text).toContain("the last words");
  expect(run.output.annotations_count).toBe(0);
  const annotated = await outputOf(await endedWith("app", failing("src/a.ts:3:1: error: is wrong")));
  expect(annotated.run.output.annotations_count).toBe(1);
  expect(annotated.run.details_url).toMatch(/^https:\/\/gateway\.test\/runs\/[\w-]+\/token$/);
});
