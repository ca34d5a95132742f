import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { hasBubblewrap } from "../support/isolated.ts";
import { isRunning, waitForFile } from "../support/poll.ts";
import { makeDirectory, stepsFile } from "../support/repositories.ts";
import { sandboxDirectories, startSystem } from "../support/system.ts";

/** Runs the steps of a commit with these files and returns the last callback. */
async function validate(files: Record<string, string>, fields: Record<string, unknown> = {}) {
  const system = await startSystem();
  const head_sha = system.commit(files);
  await system.trigger({ head_sha, ...fields });
  return (await system.receiver.waitForStatus("completed")).body;
}

describe("a run", () => {
  test("that fails ends with the failed step, and is completed without success", async () => {
    const steps = { lint: "true", test: "echo broken >&2; exit 3", deploy: "echo never" };
    const body = await validate({ ".grainchain.yml": stepsFile(steps) });
    expect(body).not.toHaveProperty("results.test_results.deploy");
    expect(body).toMatchObject({
      status: "completed",
      results: {
        success: false,
        test_results: {
          overall_success: false,
          lint: { status: "passed", exit_code: 0, output: "" },
          test: { status: "failed", exit_code: 3, output: "broken\n" },
        },
      },
    });
  });

  test("runs npm's scripts after installing", async () => {
    const files = {
      "package.json": JSON.stringify({
        scripts: { test: "node test.js" },
        dependencies: { part: "file:./part" },
      }),
      "part/package.json": JSON.stringify({ name: "part", version: "1.0.0", main: "index.js" }),
      "part/index.js": "module.exports = 'installed';\n",
      "test.js": "console.log('part is', require('part'));\n",
    };
    expect(await validate(files)).toMatchObject({
      results: {
        success: true,
        test_results: {
          install: { status: "passed" },
          test: { status: "passed", output: expect.stringContaining("part is installed") },
        },
      },
    });
  });

  test("runs make", async () => {
    expect(await validate({ Makefile: "test:\n\t@echo made; exit 1\n" })).toMatchObject({
      results: {
        success: false,
        test_results: { test: { status: "failed", output: expect.stringMatching(/^made\n/) } },
      },
    });
  });

  test("runs pytest", async () => {
    // A substitute for the module, since the machine may not have it.
    const files = { "pytest.ini": "[pytest]\n", "pytest.py": "print('collected')\n" };
    expect(await validate(files)).toMatchObject({
      results: { success: true, test_results: { test: { status: "passed", output: "collected\n" } } },
    });
  });

  test("of a commit with nothing to run passes, with a message", async () => {
    expect(await validate({ "README.md": "hello" })).toMatchObject({
      results: {
        success: true,
        test_results: {
          none: { status: "passed", exit_code: null, output: expect.stringContaining("nothing to run") },
        },
      },
    });
  });

  test.each([
    ["that is not YAML", "steps:\n  - name: [\n", /line \d+/],
    ["with a step named __proto__", 'steps:\n  - name: __proto__\n    run: "true"\n', /line 2.*reserved/],
  ])("of a steps file %s fails, with the line of the mistake", async (_what, text, output) => {
    const body = await validate({ ".grainchain.yml": text });
    expect(body).toMatchObject({
      status: "completed",
      results: {
        success: false,
        test_results: { config: { status: "failed", output: expect.stringMatching(output) } },
      },
    });
    expect(Object.keys(Object(Object(body.results).test_results))).toHaveLength(4);
  });

  test("over the time limit of a step is killed with its children and reported", async () => {
    const mark = join(makeDirectory(), "pid");
    const run = `sh -c 'sleep 300 & echo $! > ${mark}; wait'; true`;
    const body = await validate({
      ".grainchain.yml": JSON.stringify({ steps: [{ name: "hang", run, timeout: 1 }] }),
    });
    expect(body).toMatchObject({
      status: "completed",
      results: {
        success: false,
        test_results: {
          hang: {
            status: "timed_out",
            exit_code: null,
            output: expect.stringContaining("step's time limit of 1 s"),
          },
        },
      },
    });
    expect(isRunning(Number(await waitForFile(mark)))).toBe(false);
  });

  test("over its own time limit is killed and reported", async () => {
    const files = { ".grainchain.yml": stepsFile({ hang: "sleep 300", later: "true" }) };
    expect(await validate(files, { timeout_ms: 1500 })).toMatchObject({
      status: "completed",
      results: {
        success: false,
        test_results: {
          hang: { status: "timed_out", output: expect.stringContaining("validation's time limit of 1.5 s") },
        },
      },
    });
  });

  test("over its memory limit is killed and reported", async () => {
    const hog = "node -e 'const b=[];setInterval(()=>b.push(Buffer.alloc(2e7,1)),20)'";
    expect(await validate({ ".grainchain.yml": stepsFile({ hog }) }, { max_memory: "150MB" })).toMatchObject({
      status: "completed",
      results: {
        success: false,
        test_results: {
          hog: {
            status: "failed",
            exit_code: null,
            output: expect.stringContaining("memory limit of 150 MiB"),
          },
        },
      },
    });
  });

  test("that removes its own checkout fails and is cleaned up", async () => {
    const body = await validate({ ".grainchain.yml": stepsFile({ wipe: 'rm -rf "$PWD"', next: "true" }) });
    expect(body).toMatchObject({
      results: {
        test_results: { next: { status: "failed", output: expect.stringContaining("could not be started") } },
      },
    });
    expect(sandboxDirectories()).toEqual([]);
  });

  test("sees nothing of the server's environment and leaves nothing behind", async () => {
    vi.stubEnv("GRAINCHAIN_CALLBACK_SECRET", "hidden");
    const run = 'env; touch "$HOME/a" "$TMPDIR/b"; mkdir ro; touch ro/c; chmod 500 ro';
    const body = await validate({ ".grainchain.yml": stepsFile({ run }) });
    const output = String(Object(Object(Object(body.results).test_results).run).output);
    const names = output
      .trim()
      .split("\n")
      .map((line) => line.split("=")[0]);
    const expected = "BASE_SHA CI GRAINCHAIN_SANDBOX HEAD_SHA HOME LANG PATH PROJECT_ID PR_NUMBER PWD TMPDIR";
    expect(names.sort()).toEqual(expected.split(" "));
    expect(output).not.toContain("hidden");
    expect(sandboxDirectories()).toEqual([]);
  });

  test("of a file without steps detects them", async () => {
    const files = { ".grainchain.yml": "provider: local\n", Makefile: "test:\n\t@echo made\n" };
    expect(await validate(files)).toMatchObject({
      results: { test_results: { test: { status: "passed" } } },
    });
  });

  test("that touches none of the paths passes without running a step, and says why", async () => {
    const system = await startSystem();
    const file = JSON.stringify({ paths: ["src/**"], steps: [{ name: "test", run: "exit 1" }] });
    const base_sha = system.commit({ ".grainchain.yml": file, "src/a": "a" });
    const docs = system.commit({ "docs/a.md": "a" });
    await system.trigger({ head_sha: docs, base_sha });
    expect((await system.receiver.waitForStatus("completed")).body).toMatchObject({
      results: {
        success: true,
        skipped: "no changed file matches `paths`",
        test_results: { overall_success: true },
      },
    });
    const others = [
      { head_sha: system.commit({ "src/a": "b" }), base_sha },
      { head_sha: docs, base_sha: "0".repeat(40) },
      { head_sha: docs, base_sha: "f".repeat(40) },
    ];
    for (const [index, fields] of others.entries()) {
      await system.trigger(fields);
      const callbacks = await system.receiver.waitForCount(2 * (index + 2));
      expect(callbacks.at(-1)?.body).toMatchObject({ status: "completed", results: { success: false } });
    }
  });
});

describe.runIf(hasBubblewrap)("an untrusted run", () => {
  const evil = { ".grainchain.yml": stepsFile({ test: "echo evil" }), "script.sh": "echo of the head" };

  test("has the steps of its base, and the files of its head", async () => {
    const system = await startSystem({ provider: { name: "local", isolation: "bubblewrap" } });
    const base_sha = system.commit({
      ".grainchain.yml": stepsFile({ test: "sh script.sh" }),
      "script.sh": "echo of the base",
    });
    await system.trigger({ head_sha: system.commit(evil), base_sha, trusted: false });
    expect((await system.receiver.waitForStatus("completed")).body).toMatchObject({
      results: { test_results: { test: { output: "of the head\n" } } },
    });
  });

  test.each([
    ["no base", "", "an untrusted change needs a base commit"],
    ["a base that is gone", "f".repeat(40), "acme/app"],
  ])("with %s fails, with the reason", async (_what, base_sha, error) => {
    const system = await startSystem({ provider: { name: "local", isolation: "bubblewrap" } });
    await system.trigger({ head_sha: system.commit(evil), base_sha, trusted: false });
    expect((await system.receiver.waitForStatus("failed")).body).toMatchObject({
      results: { error: expect.stringContaining(error) },
    });
  });
});
