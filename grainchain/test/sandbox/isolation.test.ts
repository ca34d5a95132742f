import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { processesWith } from "../../../test/system/processes.ts";
import { hasBubblewrap, openIsolated } from "../support/isolated.ts";
import { makeDirectory, stepsFile } from "../support/repositories.ts";
import { startSystem } from "../support/system.ts";

const EXITED = { kind: "exited", exitCode: 0 };

describe.runIf(hasBubblewrap)("an isolated step", () => {
  test("works in its checkout, with a home and a temporary folder of its own", async () => {
    const { root, run } = openIsolated();
    const script = 'pwd; echo a > made; echo b > "$HOME/b"; echo c > "$TMPDIR/c"; node -p 1+1; git --version';
    const { end, output } = await run(script);
    expect(end).toEqual(EXITED);
    expect(output).toMatch(/^\/sandbox\/checkout\n2\ngit version/);
    for (const file of ["checkout/made", "home/b", "tmp/c"]) expect(existsSync(join(root, file))).toBe(true);
  });

  test.each([
    ["the user's home", () => homedir()],
    ["the gateway's folder", () => process.cwd()],
    ["another run's checkout", () => makeCheckout()],
    ["what the system keeps", () => "/var"],
    ["what the system runs", () => "/run"],
    ["devices", () => "/sys"],
  ])("sees nothing of %s but what leads to its programs", async (_what, makePath) => {
    const path = makePath();
    expect(readdirSync(path)).not.toEqual([]);
    const { output } = await openIsolated().run(`ls -A ${path} 2> /dev/null || true`);
    const leads = (name: string) =>
      process.env.PATH?.split(delimiter).some((one) => one.startsWith(join(path, name)));
    expect(output.split("\n").filter((name) => name !== "" && leads(name) !== true)).toEqual([]);
  });

  test("cannot read the users' passwords", async () => {
    expect((await openIsolated().run("cat /etc/shadow")).output).toMatch(/No such file/);
  });

  test("sees no process but its own, and no environment of another", async () => {
    vi.stubEnv("OPERATOR_TOKEN", "hidden");
    const { output } = await openIsolated().run(
      "cat /proc/[0-9]*/environ | tr '\\0' '\\n'; ls /proc | grep -c '^[0-9]'",
    );
    expect(output).not.toContain("hidden");
    expect(Number(output.trim().split("\n").at(-1))).toBeLessThan(10);
    expect((await openIsolated().run(`kill -9 ${process.pid}`)).end).not.toEqual(EXITED);
  });

  test.each(["/usr/evil", "/etc/evil", "/evil", "/dev/evil", "/home/evil", "/sandbox/evil"])(
    "cannot write %s",
    async (path) => {
      const { end } = await openIsolated().run(`echo evil > ${path}`);
      expect(end).not.toEqual(EXITED);
      expect(existsSync(path)).toBe(false);
    },
  );

  test("has a network only if it may", async () => {
    const server = createServer((_, response) => response.end("reached"));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const ask = `node -e 'fetch("http://127.0.0.1:${port}").then(r=>r.text()).then(console.log,()=>console.log("cut off"))'`;
    expect((await openIsolated().run(ask)).output).toBe("cut off\n");
    expect((await openIsolated().run(ask, { network: true })).output).toBe("reached\n");
  });

  test("has no capabilities, and cannot get any", async () => {
    const { output } = await openIsolated().run(
      "grep -E '^Cap(Inh|Prm|Eff|Amb)' /proc/self/status; mount -t tmpfs x /tmp; chroot /",
    );
    expect(output).toMatch(/^(?:Cap\w+:\t0+\n){4}/);
    expect(output).toMatch(/mount: .*\n?.*chroot: /s);
  });

  test("is ended with everything that it started, also in sessions of their own", async () => {
    const { root, run } = openIsolated();
    const daemon = "setsid sh -c 'setsid sleep 4711 & exec sleep 4711' &";
    const { end } = await run(
      `${daemon} (sleep 4711 &) ; until [ "$(pgrep -c sleep)" -ge 2 ]; do :; done; echo > made`,
    );
    expect(end).toEqual(EXITED);
    expect(existsSync(join(root, "checkout/made"))).toBe(true);
    expect(processesWith("sleep 4711")).toEqual([]);
  });

  test("is asked to stop when its time is over, and then killed", async () => {
    const { end, output } = await openIsolated().run(
      "trap 'echo term' TERM; sleep 300; echo cleaned; sleep 300",
      {
        timeoutMs: 1500,
      },
    );
    expect(end).toEqual({ kind: "timed_out" });
    expect(output).toMatch(/term\n.*cleaned\n$/s);
  });

  test("that starts too many processes is killed", async () => {
    const bomb = "for i in $(seq 300); do sleep 300 & done; wait";
    const { end } = await openIsolated().run(bomb, { limits: { processes: 200 } });
    expect(end).toEqual({ kind: "over_limit", exceeded: "processes" });
  });

  test("that takes too much memory is killed", async () => {
    const hog = "node -e 'const b=[];setInterval(()=>b.push(Buffer.alloc(2e7,1)),20)'";
    const { end } = await openIsolated().run(hog, { limits: { memoryBytes: 150 * 1024 ** 2 } });
    expect(end).toEqual({ kind: "over_limit", exceeded: "memory" });
  });

  test("that fills the disk or the shared memory is stopped", async () => {
    const { root, run } = openIsolated();
    const disk = { directory: root, bytes: 50 * 1024 ** 2 };
    const { end } = await run("while :; do head -c 10000000 /dev/zero >> full; done", { limits: { disk } });
    expect(end).toEqual({ kind: "over_limit", exceeded: "disk" });
    const { output } = await run("head -c 100000000 /dev/zero > /dev/shm/full || echo refused");
    expect(output).toMatch(/refused\n$/);
  });
});

const run = async (isolation: "bubblewrap" | "none", fields: Record<string, unknown> = {}) => {
  const system = await startSystem({ provider: { name: "local", isolation } });
  const head_sha = system.commit({ ".grainchain.yml": stepsFile({ test: "id -u; ls /" }) });
  await system.trigger({ head_sha, base_sha: head_sha, ...fields });
  return system;
};

test.runIf(hasBubblewrap)(
  "a validation runs isolated, trusted or not, and leaves nothing behind",
  async () => {
    for (const trusted of [true, false]) {
      const { receiver } = await run("bubblewrap", { trusted });
      expect((await receiver.waitForStatus("completed")).body).toMatchObject({
        results: {
          success: true,
          test_results: { test: { output: expect.stringMatching(/^1000\n.*sandbox\n/s) } },
        },
      });
    }
  },
);

test("an untrusted change is refused without isolation, with the reason", async () => {
  const { receiver } = await run("none", { trusted: false });
  expect((await receiver.waitForStatus("failed")).body).toMatchObject({
    results: { error: expect.stringContaining("untrusted changes need isolation") },
  });
});

/** The checkout of another run. */
function makeCheckout(): string {
  const checkout = join(makeDirectory(), "checkout");
  mkdirSync(checkout);
  writeFileSync(join(checkout, "file"), "of another run");
  return checkout;
}
