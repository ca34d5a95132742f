/** Steps in the sandboxes of a service: the real SDK, over HTTP, in front of a double of the service. */
import { describe, expect, test } from "vitest";
import { waitFor } from "../../../test/support/patience.ts";
import { checkService } from "../../src/provider/open-provider.ts";
import { stepsFile } from "../support/repositories.ts";
import { startSystem } from "../support/system.ts";
import { SERVICE_NAMES, SERVICES, type Started } from "./support/services.ts";

/** Triggers a validation of these files at a server that uses the service. */
async function validate(
  service: Started,
  files: Record<string, string>,
  fields: Record<string, unknown> = {},
  apiKey?: string,
) {
  const system = await startSystem({ provider: service.choice(apiKey) });
  const head_sha = system.commit(files);
  await system.trigger({ head_sha, base_sha: head_sha, ...fields });
  return system;
}

/** The callback for the end of the run, whichever end that is. */
const endOf = ({ received }: Awaited<ReturnType<typeof validate>>["receiver"]) =>
  waitFor("the end", () => received.find(({ body }) => body.status !== "running"));

const steps = (named: Record<string, string>) => ({ ".grainchain.yml": stepsFile(named) });

describe.each(SERVICE_NAMES)("at %s", (name) => {
  test("a pull request is validated, from the trigger to the callback, and its sandbox is closed", async () => {
    const service = await SERVICES[name]();
    const { receiver, send } = await validate(service, {
      ...steps({ look: 'cat data; ls -a; echo "$PROJECT_ID $HOME"', fail: "echo broken >&2; exit 3" }),
      data: "some data\n",
    });
    const { body } = await endOf(receiver);

    expect(receiver.statuses()).toEqual(["running", "completed"]);
    expect(body).toMatchObject({
      results: {
        success: false,
        provider: name,
        test_results: {
          look: { status: "passed", exit_code: 0, output: expect.stringMatching(/^some data\n/) },
          fail: { status: "failed", exit_code: 3, output: "broken\n" },
        },
      },
    });
    expect(JSON.stringify(body)).toContain("acme/app /tmp/");
    // Files only: neither history nor anything of the remote.
    expect(JSON.stringify(body)).not.toMatch(/\.git\b(?!hub)/);
    expect(service.machines.all).toMatchObject([{ isClosed: true, network: false }]);
    const { data } = await send("GET", "/../../../health");
    expect(data).toMatchObject({ provider: name, isolation: "remote" });
  });

  test("the sandbox gets no more of the environment than a step on this machine, and ends by itself", async () => {
    const service = await SERVICES[name]();
    const { receiver } = await validate(service, steps({ test: "true" }), { timeout_ms: 30_000 });
    await endOf(receiver);

    const [machine] = service.machines.all;
    const { env } = machine?.commands.find(({ command }) => command.endsWith("run.sh")) ?? {};
    expect(Object.keys(env ?? {}).toSorted()).toEqual(
      ["BASE_SHA", "CI", "HEAD_SHA", "LANG", "PROJECT_ID", "PR_NUMBER"].toSorted(),
    );
    expect(machine?.lifetimeSeconds).toBeGreaterThanOrEqual(30);
    expect(machine?.lifetimeSeconds).toBeLessThanOrEqual(180);
  });

  const online = { ".grainchain.yml": "steps:\n  - name: test\n    run: 'true'\n    network: true\n" };
  test.each([
    [true, true],
    [false, false],
  ])("there is a network if a step asks for it and the change is trusted (%s)", async (trusted, network) => {
    const service = await SERVICES[name]();
    const { receiver } = await validate(service, online, { trusted });
    expect((await endOf(receiver)).body).toMatchObject({ results: { success: true } });
    expect(service.machines.all).toMatchObject([{ network }]);
  });

  test("nothing is created for a change without steps", async () => {
    const service = await SERVICES[name]();
    const { receiver } = await validate(service, { data: "x" });
    await endOf(receiver);
    expect(service.machines.all).toEqual([]);
  });

  test("a step that takes too long ends with what it has printed", async () => {
    const service = await SERVICES[name]();
    const file = "steps:\n  - name: slow\n    run: echo begun; sleep 60\n    timeout: 1\n";
    const { receiver } = await validate(service, { ".grainchain.yml": file });
    expect((await endOf(receiver)).body).toMatchObject({
      results: {
        test_results: { slow: { status: "timed_out", output: expect.stringMatching(/^begun\n.*1 s\n$/) } },
      },
    });
    expect(service.machines.open()).toEqual([]);
  });

  test("a cancelled run closes its sandbox", async () => {
    const service = await SERVICES[name]();
    const { receiver, send } = await validate(service, steps({ slow: "sleep 60" }));
    const ran = () => service.machines.all[0]?.commands.find(({ command }) => command.endsWith("run.sh"));
    await waitFor("the step", ran);
    const id = String(receiver.received[0]?.body.validation_id);
    expect(await send("DELETE", `/${id}/cancel`)).toMatchObject({ status: 200 });
    expect(service.machines.open()).toEqual([]);
  });

  test("a sandbox whose making is not answered is found and closed", async () => {
    const service = await SERVICES[name]();
    service.machines.faults.lostAnswers = 1;
    const { receiver } = await validate(service, steps({ test: "true" }));
    expect((await endOf(receiver)).body).toMatchObject({
      status: "failed",
      results: { error: expect.stringMatching(new RegExp(`^${name} could not create a sandbox: `)) },
    });
    expect(service.machines.all).toMatchObject([{ isClosed: true }]);
  });

  test("a sandbox that does not close at once is closed later", async () => {
    const service = await SERVICES[name]();
    service.machines.faults.failedCloses = 2;
    const { receiver } = await validate(service, steps({ test: "true" }));
    expect((await endOf(receiver)).body).toMatchObject({ results: { success: true } });
    expect(service.machines.open()).toEqual([]);
  });

  test("what a server that died has left is closed at the next start, and nothing else", async () => {
    const service = await SERVICES[name]();
    const { receiver, server } = await validate(service, steps({ test: "true" }));
    await endOf(receiver);
    const { labels: own = {} } = service.machines.all[0] ?? {};
    const others = { network: false, lifetimeSeconds: 60 };
    const left = [
      { ...own, "grainchain-server": "4194304-1" },
      { ...own, "grainchain-server": `${process.pid}-1` },
    ].map((labels) => service.machines.create({ ...others, labels }));
    const live = [
      own,
      { ...own, "grainchain-server": `${process.ppid}-1` },
      { ...own, "grainchain-server": "4194304-1", "grainchain-machine": "another" },
      {},
    ].map((labels) => service.machines.create({ ...others, labels }));

    expect(await server.sweep()).toBe(2);

    expect(left.map(({ isClosed }) => isClosed)).toEqual([true, true]);
    expect(live.map(({ isClosed }) => isClosed)).toEqual([false, false, false, false]);
  });

  test("a wrong key fails the run with the reason, and is shown nowhere", async () => {
    const service = await SERVICES[name]();
    const { receiver, logLines } = await validate(service, steps({ test: "true" }), {}, "a-wrong-key");
    const { text } = await endOf(receiver);
    expect(text).toContain(`${name} could not create a sandbox`);
    expect([text, ...logLines].filter((one) => one.includes("a-wrong-key"))).toEqual([]);

    const { name: service_, settings } = requireService(service.choice("a-wrong-key"));
    await expect(checkService(service_, settings)).rejects.toThrow(
      /^(e2b|daytona) cannot be used: (?!.*wrong)/,
    );
    const good = requireService(service.choice());
    await expect(checkService(good.name, good.settings)).resolves.toBeUndefined();
  });
});

function requireService(choice: ReturnType<Started["choice"]>) {
  if (choice.name === "local") throw new Error("not a service");
  return choice;
}
