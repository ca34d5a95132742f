import { writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { GitHub } from "../github/client/client.ts";
import { waitFor, waitUntil } from "../support/patience.ts";
import { advance } from "../system/driver.ts";
import { makeDirectory } from "../system/repositories.ts";
import { checkRunsOf, double, type Mode, reported, shareGitHubSystems } from "./support/github-systems.ts";

const useSystem = shareGitHubSystems();

test.each([
  ["PKCS#1", double.privateKeyPkcs1, "echo all is well", "success"],
  [
    "PKCS#8 on one line",
    double.privateKeyPkcs8.replaceAll("\n", String.raw`\n`),
    "echo @everyone; exit 3",
    "failure",
  ],
])(
  "reports a run as one check run from start to end, with a private key in %s",
  async (_, privateKey, run, conclusion) => {
    const { gateway, github, commit, open } = useSystem();
    if (privateKey !== double.privateKeyPkcs1)
      await gateway.reconfigure({ GITHUB_APP_PRIVATE_KEY: privateKey });
    const head = commit(run);
    const id = await open(head);

    expect(await reported(gateway, id)).toMatchObject({ status: "posted", posted_conclusion: conclusion });
    const runs = await checkRunsOf(github, head);
    expect(runs).toHaveLength(1);
    expect(runs[0]).toMatchObject({
      status: "completed",
      conclusion,
      external_id: id,
      name: "CodegenApp Validation",
    });
  },
);

test.each([
  ["echo all is well", "success"],
  ["exit 3", "failure"],
])("reports a run as commit statuses, with a token: %s", async (run, state) => {
  const { gateway, github, commit, open } = useSystem("token");
  const head = commit(run);
  const id = await open(head);

  expect(await reported(gateway, id)).toMatchObject({ status: "posted" });
  const statuses = (await github.state()).statuses.filter(({ sha }) => sha === head);
  expect(statuses.at(-1)).toMatchObject({ state, context: "codegenapp/validation" });
  const sent = statuses.map((one) => `${one.state} ${one.description}`);
  expect(new Set(sent).size).toBe(sent.length);
});

/** All reports of a head to GitHub, in order. */
async function reportsOf(github: GitHub, head: string): Promise<string[]> {
  const { check_runs, statuses } = await github.state();
  const bodies = Object.values(check_runs)
    .filter(({ head_sha }) => head_sha === head)
    .flatMap(({ history }) => history.map(({ body }) => String(body.conclusion ?? body.status)));
  const ofHead = statuses.filter(({ sha }) => sha === head);
  return [...bodies, ...ofHead.map(({ state, description }) => `${state}: ${description}`)];
}

const PENDING = ["pending: Waiting for a sandbox", "pending: Validation is running"];

test.each<[Mode, string[], string[]]>([
  ["app", ["queued", "in_progress", "success"], ["queued", "in_progress", "failure"]],
  ["token", [...PENDING, "success: The only step passed"], [...PENDING, "failure: 1 of 1 step failed: test"]],
])(
  "reports every state in order and none twice, with the credentials of kind %s",
  async (mode, success, failure) => {
    const { gateway, github, repo, commit } = useSystem(mode);
    const gates = makeDirectory();
    const waits = (name: string, end = "true") =>
      commit(`until [ -e ${path.join(gates, name)} ]; do sleep 0.05; done; ${end}`);
    const release = (name: string) => writeFileSync(path.join(gates, name), "");
    const send = (head: string, pr: number) => gateway.send("pull_request.opened", { repo, pr, head });
    const waitForReports = (head: string, count: number) =>
      waitFor(`${count} reports of ${head}`, async () => {
        const reports = await reportsOf(github, head);
        return reports.length >= count ? reports : undefined;
      });

    const first = await send(waits("first"), 1);
    await gateway.waitFor("SELECT id FROM validations WHERE repository = ?1 AND state = 'running'", repo);
    // The only sandbox is busy: these have to wait, and the reports to GitHub say so.
    const good = waits("good");
    const bad = waits("bad", "exit 3");
    await send(good, 2);
    await send(bad, 3);
    await Promise.all([waitForReports(good, 1), waitForReports(bad, 1)]);
    release("first");
    await gateway.waitForEnd(first.guid);

    const ends = [
      [good, "good", success],
      [bad, "bad", failure],
    ] as const;
    await Promise.all(
      ends.map(async ([head, name, expected]) => {
        await waitUntil(`a run of ${name}`, async () => {
          await advance(gateway);
          return (await reportsOf(github, head)).length === 2;
        });
        release(name);
        const reports = await waitForReports(head, 3);
        expect(reports.map((one) => one.replace(/ in [\d.]+ ?m?s$/, ""))).toEqual(expected);
      }),
    );
    await gateway.waitFor(
      `SELECT 1 FROM (SELECT count(*) AS n FROM reports r JOIN validations v ON v.id = r.validation_id
                    WHERE v.repository = ?1 AND r.status = 'posted') WHERE n = 3`,
      repo,
    );
    for (const [head, , expected] of ends)
      expect(await reportsOf(github, head)).toHaveLength(expected.length);
  },
);
