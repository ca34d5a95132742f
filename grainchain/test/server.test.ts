import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startGrainchain } from "../src/server.ts";
import { isRunning, waitForFile } from "./support/poll.ts";
import { makeDirectory, stepsFile } from "./support/repositories.ts";
import { SOME_SHA, sandboxDirectories, startSystem, validationId } from "./support/system.ts";

const ISO_TIME = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);

describe("a validation", () => {
  test("that passes is reported as running and completed, with exactly these fields", async () => {
    const { commit, trigger, send, receiver } = await startSystem({ callbackSecret: "s3cret" });
    const head_sha = commit({
      ".grainchain.yml": stepsFile({ lint: "echo clean", test: "echo $PR_NUMBER" }),
    });
    const id = validationId((await trigger({ head_sha })).data);
    const completed = await receiver.waitForStatus("completed");
    expect(receiver.received[0]?.body).toEqual({
      validation_id: id,
      project_id: "acme/app",
      pr_number: 7,
      pr_url: "https://github.com/acme/app/pull/7",
      status: "running",
      timestamp: ISO_TIME,
    });
    const step = { status: "passed", exit_code: 0, duration_ms: expect.any(Number) };
    const results = {
      success: true,
      sandbox_id: expect.stringMatching(/^grainchain-/),
      completed_at: ISO_TIME,
      provider: "local",
      tree_sha: expect.stringMatching(/^[0-9a-f]{40}$/),
      test_results: {
        overall_success: true,
        execution_time: expect.any(Number),
        timestamp: ISO_TIME,
        lint: { ...step, output: "clean\n" },
        test: { ...step, output: "7\n" },
      },
    };
    expect(completed.body).toEqual({
      ...receiver.received[0]?.body,
      status: "completed",
      results,
      timestamp: ISO_TIME,
    });
    expect((await send("GET", `/${id}/status`)).data).toEqual({
      validation_id: id,
      project_id: "acme/app",
      pr_number: 7,
      status: "completed",
      results,
      started_at: ISO_TIME,
      completed_at: ISO_TIME,
      sandbox_id: results.sandbox_id,
    });
    for (const { text, headers } of receiver.received) {
      const hex = createHmac("sha256", "s3cret").update(text).digest("hex");
      expect(headers["x-grainchain-signature-256"]).toBe(`sha256=${hex}`);
    }
  });

  test("of a repository that cannot be cloned is failed", async () => {
    const { reposDir, trigger, send, receiver } = await startSystem();
    const clone_url = "http://user:sesame@127.0.0.1:1/acme/gone.git";
    const id = validationId((await trigger({ project_id: "acme/gone", clone_url })).data);
    const { body } = await receiver.waitForStatus("failed");
    expect(body.results).toEqual({ error: expect.stringMatching(/^could not fetch /), failed_at: ISO_TIME });
    expect(JSON.stringify(body)).not.toContain("sesame");
    const status = (await send("GET", `/${id}/status`)).data;
    expect(status).toMatchObject({ status: "failed", error: expect.stringMatching(/^could not fetch /) });
    expect(JSON.stringify(status)).not.toContain(reposDir);
  });

  test("of an unknown commit is failed", async () => {
    const { commit, trigger, receiver } = await startSystem();
    commit({ "a.txt": "" });
    await trigger({ head_sha: SOME_SHA });
    const { body } = await receiver.waitForStatus("failed");
    expect(body.results).toMatchObject({
      error: expect.stringContaining(`commit ${SOME_SHA} was not found`),
    });
  });

  test("that is cancelled is killed with its children", async () => {
    const { commit, trigger, send, receiver } = await startSystem();
    const mark = join(makeDirectory(), "pid");
    const head_sha = commit({
      ".grainchain.yml": stepsFile({ hang: `sleep 300 & echo $! > ${mark}; wait` }),
    });
    const id = validationId((await trigger({ head_sha })).data);
    const grandchild = Number(await waitForFile(mark));
    expect(isRunning(grandchild)).toBe(true);
    expect(await send("DELETE", `/${id}/cancel`)).toMatchObject({ status: 200, data: { success: true } });
    expect(isRunning(grandchild)).toBe(false);
    expect(sandboxDirectories()).toEqual([]);
    const { body } = await receiver.waitForStatus("cancelled");
    expect(body.results).toEqual({ cancelled_at: ISO_TIME });
    expect((await send("GET", `/${id}/status`)).data).toMatchObject({ status: "cancelled" });
    expect((await send("DELETE", `/${id}/cancel`)).status).toBe(404);
  });
});

describe("the server", () => {
  test("logs events with ids, without secrets, URLs or outputs", async () => {
    const { commit, trigger, receiver, logLines, server } = await startSystem({
      apiKey: "api-key-secret",
      callbackSecret: "callback-secret",
    });
    const head_sha = commit({ ".grainchain.yml": stepsFile({ test: "echo step-output" }) });
    const clone_url = "https://user:clone-secret@example.invalid/x.git";
    const id = validationId(
      (await trigger({ head_sha, clone_url }, { Authorization: "Bearer api-key-secret" })).data,
    );
    await receiver.waitForStatus("completed");
    await server.close();
    const events = logLines.map((line) => JSON.parse(line));
    expect(events[0]).toMatchObject({ event: "grainchain.started", url: server.url });
    for (const event of [
      "validation.accepted",
      "validation.running",
      "validation.completed",
      "callback.delivered",
    ]) {
      expect(events).toContainEqual(expect.objectContaining({ event, validation_id: id }));
    }
    const text = logLines.join("");
    for (const secret of [
      "api-key-secret",
      "callback-secret",
      "clone-secret",
      "capability-token",
      "step-output",
    ]) {
      expect(text).not.toContain(secret);
    }
  });

  test("leaves no process and no directory when it is closed", async () => {
    const { commit, trigger, server } = await startSystem();
    const mark = join(makeDirectory(), "pid");
    const head_sha = commit({
      ".grainchain.yml": stepsFile({ hang: `sleep 300 & echo $! > ${mark}; wait` }),
    });
    await trigger({ head_sha });
    const grandchild = Number(await waitForFile(mark));
    await server.close();
    expect(isRunning(grandchild)).toBe(false);
    expect(sandboxDirectories()).toEqual([]);
    await expect(fetch(server.url)).rejects.toThrow();
  });

  test("names the port that is already in use", async () => {
    const { server } = await startSystem();
    await expect(startGrainchain({ port: server.port })).rejects.toMatchObject({
      name: "ListenError",
      code: "EADDRINUSE",
      message: expect.stringContaining(String(server.port)),
    });
  });

  test.each(["0.0.0.0", "::", "192.0.2.1", "example.com", "127.0.0.1.example.com"])(
    "refuses to listen on %s",
    async (host) => {
      await expect(startGrainchain({ port: 0, host })).rejects.toMatchObject({ code: "REMOTE_HOST" });
    },
  );

  test("listens on other hosts if that is allowed", async () => {
    const { server } = await startSystem({ host: "0.0.0.0", allowRemote: true });
    expect((await fetch(`http://127.0.0.1:${server.port}/health`)).status).toBe(200);
  });

  // Only root can change the owner of a repository.
  test.runIf(process.getuid?.() === 0)("runs a local repository that another user owns", async () => {
    const { commit, reposDir, trigger, receiver } = await startSystem();
    const head_sha = commit({ ".grainchain.yml": stepsFile({ test: "true" }) });
    execFileSync("chown", ["-R", "65534:65534", join(reposDir, "acme")]);
    await trigger({ head_sha });
    expect((await receiver.waitForStatus("completed")).body).toMatchObject({ results: { success: true } });
  });
});
