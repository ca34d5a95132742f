import { describe, expect, test } from "vitest";
import { row } from "../support/database.ts";
import {
  callback,
  command,
  freshRepository,
  note,
  pullRequest,
  rerun,
  second,
  sha,
} from "../support/facts.ts";
import { deliveryOf, outcomesOf, record, recordEach, validationsOf } from "../support/recording.ts";
import { A, states } from "./support.ts";

describe("a re-run asked for on GitHub", () => {
  test("is a new run if the check is this App's", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    await record([callback(repository, `${repository.id}-pr-12-${sha("a")}-1`, "completed")]);
    const facts = [rerun(repository, "a"), rerun(repository, "a", 77, "check_suite")];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 completed`, `${A}.2 superseded`, `${A}.3 queued`]);
  });

  test.each([
    ["another App's", 78, 77],
    ["nobody's", null, 77],
    ["an App's where none is configured", 77, null],
    ["nobody's where none is configured", null, null],
  ])("is ignored where the check is %s", async (_name, app, githubAppId) => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const fact = rerun(repository, "a", app);
    await record([fact], { policy: { githubAppId } });
    expect(await deliveryOf(fact)).toMatchObject({
      outcome: "ignored",
      reason: "the check belongs to another app",
    });
    expect(await states(repository)).toEqual([`${A}.1 queued`]);
  });

  test("is of an unknown subject if no open one has this head", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const facts = [rerun(repository, "a"), rerun(repository, "b")];
    await recordEach([pr("opened", "b", 1), pr("closed", "b", 2), ...facts]);
    expect(await outcomesOf(facts)).toEqual(["unknown_subject", "unknown_subject"]);
  });

  test("finds the subject that the same batch opened", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1), rerun(repository, "a")]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${A}.2 queued`]);
  });
});

describe("a command in a comment", () => {
  test("is a new run, once a comment", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1)]);
    const facts = [
      command(repository, "validate", 12, 500),
      command(repository, "validate", 12, 500),
      command(repository, "validate", 12, 501),
    ];
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["started", "unchanged", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 superseded`, `${A}.2 superseded`, `${A}.3 queued`]);
  });

  test("runs even a draft", async () => {
    const repository = freshRepository();
    const fact = command(repository, "validate");
    await recordEach([pullRequest(repository)("opened", "a", 1, { draft: true }), fact], {
      policy: { validateDrafts: false },
    });
    expect(await outcomesOf([fact])).toEqual(["started"]);
  });

  test("cancels", async () => {
    const repository = freshRepository();
    const facts = [
      command(repository, "cancel"),
      command(repository, "cancel"),
      command(repository, "validate"),
    ];
    await record([pullRequest(repository)("opened", "a", 1)]);
    await recordEach(facts);
    expect(await outcomesOf(facts)).toEqual(["cancelled", "recorded", "started"]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`, `${A}.2 queued`]);
  });

  test.each(["validate", "cancel"] as const)(
    "to %s a pull request never seen changes nothing",
    async (name) => {
      const repository = freshRepository();
      const fact = command(repository, name);
      await record([fact]);
      expect(await deliveryOf(fact)).toMatchObject({ outcome: "unknown_subject" });
      expect(await validationsOf(repository)).toEqual([]);
    },
  );

  test("to validate a closed pull request is ignored", async () => {
    const repository = freshRepository();
    const pr = pullRequest(repository);
    const fact = command(repository, "validate");
    await recordEach([pr("opened", "a", 1), pr("closed", "a", 2), fact]);
    expect(await deliveryOf(fact)).toMatchObject({
      outcome: "ignored",
      reason: "the pull request is closed",
    });
  });

  test("knows the pull request that the same batch opened", async () => {
    const repository = freshRepository();
    await record([pullRequest(repository)("opened", "a", 1), command(repository, "cancel")]);
    expect(await states(repository)).toEqual([`${A}.1 cancelled`]);
  });
});

test.each(["ping", "installation", "installation_repositories", "repository"])(
  "%s is recorded",
  async (event) => {
    const facts = [note(event), note(event, freshRepository())];
    await record(facts);
    expect(await outcomesOf(facts)).toEqual(["recorded", "recorded"]);
  },
);

test("keeps everything of a delivery that scripts rely on", async () => {
  const repository = freshRepository();
  const fact = { ...pullRequest(repository)("opened", "a", 1), received_at: second(7), sender: 'o\'cat "x"' };
  await record([fact]);
  expect(await row("SELECT * FROM deliveries WHERE id = ?1", fact.id)).toEqual({
    id: fact.id,
    event: "pull_request",
    action: "opened",
    repository_id: repository.id,
    repository: repository.full_name,
    sender: 'o\'cat "x"',
    received_at: second(7),
    recorded_at: second(3600),
    outcome: "started",
    reason: null,
    validation_id: `${repository.id}-pr-12-${sha("a")}-1`,
    occurred_at: second(1),
    delivered_at: null,
    throttled_at: null,
    recovered_at: null,
    secret: null,
    digest: null,
    fingerprint: null,
    moved: null,
    seq: expect.any(Number),
  });
});
