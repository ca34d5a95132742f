import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { buildPayload } from "../../cli/src/input/payload.ts";
import {
  checkRunsOf,
  double,
  HOOK,
  type Mode,
  reported,
  shareGitHubSystems,
} from "./support/github-systems.ts";

const useSystem = shareGitHubSystems();

test("runs a head again if GitHub requests its check again", async () => {
  const { gateway, github, repo, commit, open } = useSystem();
  const head = commit("echo all is well");
  const first = await open(head);
  await reported(gateway, first);

  const payload = buildPayload("check_run.rerequested", { repo, head, now: new Date() });
  const asked = { ...payload, check_run: { head_sha: head, app: { id: double.appId } } };
  const guid = randomUUID();
  await gateway.deliver({ event: "check_run", body: JSON.stringify(asked), guid });

  const again = await gateway.waitForEnd(guid);
  expect(again).toMatchObject({ run: 2, state: "completed", conclusion: "success" });
  await reported(gateway, String(again.id));
  expect((await checkRunsOf(github, head)).map((run) => run.conclusion)).toEqual(["success", "success"]);
});

test.each([
  ["/validate", 1, "+1"],
  ["/validate cancel", 99, "confused"],
])("reacts to the comment %j on pull request %i with %s", async (body, pr, content) => {
  const { gateway, github, repo, commit, open } = useSystem();
  const head = commit("echo all is well");
  await reported(gateway, await open(head));

  const payload = buildPayload("issue_comment.created", { repo, pr, now: new Date() });
  const comment = { id: 4711 + pr, body, author_association: "MEMBER" };
  const issue = { number: pr, pull_request: {} };
  const guid = randomUUID();
  await gateway.deliver({
    event: "issue_comment",
    body: JSON.stringify({ ...payload, issue, comment }),
    guid,
  });

  await gateway.waitFor("SELECT * FROM reactions WHERE comment_id = ?1 AND status = 'posted'", comment.id);
  const reactions = (await github.state()).reactions.filter(({ comment_id }) => comment_id === comment.id);
  expect(reactions).toMatchObject([{ content }]);
  if (content === "+1") {
    const again = await gateway.waitForEnd(guid);
    expect(again).toMatchObject({ run: 2, conclusion: "success" });
    await reported(gateway, String(again.id));
  }
});

test.each<Mode>(["app", "token"])(
  "runs a change from a fork once somebody who may write approves it, with the credentials of kind %s",
  async (mode) => {
    const { gateway, github, repo, commit } = useSystem(mode);
    const head = commit("echo all is well");
    const opened = { repo, pr: 7, head, fork: "mallory/widgets", now: new Date() };
    const body = JSON.stringify(buildPayload("pull_request.opened", opened));
    await gateway.deliver({ event: "pull_request", body });
    const held = await gateway.waitFor(
      "SELECT * FROM validations WHERE head_sha = ?1 AND state = 'held'",
      head,
    );
    await gateway.waitFor(
      "SELECT 1 FROM reports WHERE validation_id = ?1 AND posted_state = 'held'",
      String(held.id),
    );
    const statusesOf = async () => (await github.state()).statuses.filter(({ sha }) => sha === head);
    if (mode === "app") {
      const [check] = await checkRunsOf(github, head);
      expect(check).toMatchObject({ conclusion: "action_required" });
    } else
      expect(await statusesOf()).toMatchObject([{ state: "pending", description: "waiting for approval" }]);

    /** Rita may only read, and Ada may write: she presses the button, or comments. */
    const approve = async (login: string) => {
      const name = mode === "app" ? "check_run.requested_action" : "issue_comment.created";
      const payload = buildPayload(name, { repo, pr: 7, head, now: new Date() });
      const said =
        mode === "app"
          ? {
              check_run: { head_sha: head, app: { id: double.appId } },
              requested_action: { identifier: "approve" },
            }
          : {
              issue: { number: 7, pull_request: {} },
              comment: {
                ...{ id: 900 + login.length, body: `/validate ${head.slice(0, 12)}` },
                ...{ author_association: "CONTRIBUTOR", created_at: new Date().toISOString() },
              },
            };
      const guid = randomUUID();
      const [event = ""] = name.split(".");
      await gateway.deliver({
        event,
        body: JSON.stringify({ ...payload, ...said, sender: { login } }),
        guid,
      });
      return gateway.waitFor("SELECT * FROM approvals WHERE delivery_id = ?1 AND status = 'done'", guid);
    };
    expect((await approve("rita")).reason).toContain("may not write");
    expect(await gateway.rows("SELECT state FROM validations WHERE head_sha = ?1", head)).toEqual([
      { state: "held" },
    ]);
    await approve("ada");
    expect(await reported(gateway, String(held.id))).toMatchObject({ posted_conclusion: "success" });
    expect(
      await gateway.rows("SELECT state, conclusion, trusted FROM validations WHERE head_sha = ?1", head),
    ).toEqual([{ state: "completed", conclusion: "success", trusted: 1 }]);
    if (mode === "app") {
      expect((await checkRunsOf(github, head)).map(({ conclusion }) => conclusion)).toEqual(["success"]);
    } else expect((await statusesOf()).at(-1)).toMatchObject({ state: "success" });
  },
);

test("fetches the deliveries that GitHub lists as failed, each exactly once", async () => {
  const { gateway, github, repo } = useSystem("token");
  const head = "0123456789".repeat(4);
  const lost = Array.from({ length: 12 }, (_, index) => ({
    id: String(9_007_199_254_740_993n + BigInt(index)),
    guid: randomUUID(),
    delivered_at: new Date(Date.now() - (index + 5) * 60_000).toISOString(),
    status: "timed out",
    status_code: index % 2 === 0 ? 502 : 0,
    event: "pull_request",
    action: "opened",
    payload: { ...buildPayload("pull_request.opened", { repo, pr: index + 1, head, now: new Date() }) },
  }));
  await github.addDeliveries(HOOK, ...lost);
  // The cron of an earlier test may have checked already.
  const checkAgain = () => gateway.rows("DELETE FROM settings WHERE name LIKE 'reconcile:%'");
  await checkAgain();

  await gateway.cron();
  const recorded = await gateway.rows("SELECT id, recovered_at FROM deliveries WHERE repository = ?1", repo);
  expect(recorded.map(({ id }) => id).toSorted()).toEqual(lost.map(({ guid }) => guid).toSorted());
  expect(recorded.every(({ recovered_at }) => recovered_at !== null)).toBe(true);
  const payloadsFetched = async () =>
    (await github.requests()).filter(({ path }) => /deliveries\/\d+$/.test(path)).length;
  expect(await payloadsFetched()).toBe(lost.length);

  // All deliveries are due to be checked again.
  await checkAgain();
  await gateway.cron();
  expect(await payloadsFetched()).toBe(lost.length);
  expect(await gateway.rows("SELECT id FROM validations WHERE repository = ?1", repo)).toHaveLength(
    lost.length,
  );
});

test("audits the open pull requests on GitHub, runs those without a delivery, and reuses its success", async () => {
  const { gateway, github, repo, commit } = useSystem();
  const head = commit("echo all is well");
  await github.setPulls({
    repository: repo,
    number: 3,
    updated_at: new Date().toISOString(),
    head: { sha: head },
  });
  await gateway.rows("DELETE FROM settings WHERE name = 'audit'");
  await gateway.cron();
  const [found] = await gateway.rows(
    "SELECT id, outcome FROM deliveries WHERE event = 'audit' AND repository = ?1",
    repo,
  );
  expect(found).toMatchObject({ id: expect.stringMatching(`^audit-\\d+-3-${head}$`), outcome: "started" });
  const run = await gateway.waitForEnd(String(found?.id));
  expect(run).toMatchObject({ state: "completed", conclusion: "success", pr_number: 3 });
  expect(await reported(gateway, String(run.id))).toMatchObject({ posted_conclusion: "success" });

  // A merge group with the same files, of a commit that no sandbox could check out.
  const merged = "fedcba9876".repeat(4);
  const payload = buildPayload("merge_group.checks_requested", { repo, head: merged, now: new Date() });
  const group = { ...Object(payload?.merge_group), head_commit: { id: merged, tree_id: run.tree_sha } };
  const own = { ...Object(payload?.repository), id: run.repository_id };
  const guid = randomUUID();
  const body = JSON.stringify({ ...payload, merge_group: group, repository: own });
  await gateway.deliver({ event: "merge_group", body, guid });
  const reused = await gateway.waitForEnd(guid);
  expect(reused).toMatchObject({ conclusion: "success", reused_from: run.id, attempts: 0 });
  await reported(gateway, String(reused.id));
  const [check] = await checkRunsOf(github, merged);
  expect(check).toMatchObject({ conclusion: "success" });
});
