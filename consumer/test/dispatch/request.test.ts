import { env } from "cloudflare:workers";
import { verifyCapability } from "@webhook-gateway/shared/domain/capability.ts";
import { beforeEach, describe, expect, test } from "vitest";
import { dispatchDue } from "../../src/dispatch/dispatch.ts";
import { count, countStatements, empty } from "../support/database.ts";
import { second, sha } from "../support/facts.ts";
import { effectDeps, json } from "../support/grainchain.ts";
import { queued, setSetting } from "../support/queued.ts";
import { validationOf } from "../support/recording.ts";
import { always, asked, dispatch, willing } from "./support.ts";

beforeEach(empty);

describe("a request", () => {
  test("holds exactly what the contract says, in one batch", async () => {
    const [id = ""] = await queued(1);
    const double = willing();
    await dispatch(double);
    const validation = await validationOf(id);
    const repository = `octo/widgets-${validation.repository_id - 1_000_000}`;
    expect(double.calls).toHaveLength(1);
    const [call] = double.calls;
    expect([call?.method, call?.path, call?.redirect]).toEqual(["POST", "/trigger-batch", "manual"]);
    expect(call?.body).toEqual({
      requests: [
        {
          project_id: repository,
          pr_number: 1,
          pr_url: `https://github.com/${repository}/pull/1`,
          head_sha: sha("a"),
          base_sha: sha("base"),
          webhook_url: expect.stringMatching(
            new RegExp(`^https://gateway\\.test/callbacks/${id}/[\\w-]{43}$`),
          ),
          client_request_id: id,
          timeout_ms: 60_000,
          max_memory: "512MB",
          event: "pull_request",
          ref: "topic",
          clone_url: `https://github.com/${repository}.git`,
          fork: false,
          head_repository: null,
          author: null,
          author_association: null,
          trusted: true,
        },
      ],
    });
    const token = String(call?.requests[0]?.webhook_url).split("/").at(-1) ?? "";
    expect(await verifyCapability("callback secret", id, token)).toBe(true);
  });

  test("names itself, its request and its key, and authorizes only if a key is set", async () => {
    await queued(2);
    const [open, keyed] = [willing(), willing()];
    await dispatch(open);
    await queued(1);
    await dispatch(keyed, { grainchain: { apiKey: "s3cret" } });
    const headers = open.calls[0]?.headers;
    expect(headers?.get("user-agent")).toBe("webhook-gateway");
    expect(headers?.get("content-type")).toBe("application/json");
    expect(headers?.get("x-request-id")).toMatch(/^[\w-]{36}$/);
    expect(headers?.get("idempotency-key")).toMatch(/^[0-9a-f]{64}$/);
    expect(headers?.has("authorization")).toBe(false);
    expect(keyed.calls[0]?.headers.get("authorization")).toBe("Bearer s3cret");
    expect(keyed.calls[0]?.headers.get("idempotency-key")).not.toBe(headers?.get("idempotency-key"));
  });

  test("of a single call has the validation's id as its key", async () => {
    const [id = ""] = await queued(1);
    await setSetting("grainchain:no-batch-until", second(9999));
    const double = willing();
    await dispatch(double);
    expect(double.calls.map(({ path }) => path)).toEqual(["/trigger"]);
    expect(double.calls[0]?.headers.get("idempotency-key")).toBe(id);
    expect(double.calls[0]?.body).toMatchObject({ client_request_id: id, project_id: expect.any(String) });
    expect(await validationOf(id)).toMatchObject({ state: "pending", grainchain_id: `grain-${id}` });
  });

  test("has the same key for the same validations", async () => {
    const [id = ""] = await queued(1);
    const double = always(() => json({}, 500));
    await dispatch(double);
    await env.DB.prepare("UPDATE validations SET due_at = NULL WHERE id = ?1").bind(id).run();
    await setSetting("gate:grainchain", { state: "open" });
    await dispatch(double);
    const keys = double.calls.map(({ headers }) => headers.get("idempotency-key"));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
  });
});

describe("calls", () => {
  test.each([
    [1, [1]],
    [100, [100]],
    [101, [100, 1]],
    [250, [100, 100, 50]],
  ])("for %d queued are of %j", async (total, sizes) => {
    const ids = await queued(total);
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: total, wakeAt: [] });
    expect(double.calls.map((call) => call.requests.length)).toEqual(sizes);
    expect(double.calls.flatMap(asked).toSorted()).toEqual(ids.toSorted());
    expect(await count("SELECT count(*) FROM validations WHERE state = 'pending'")).toBe(total);
  });

  test("are none if nothing is due", async () => {
    const double = willing();
    expect(await dispatch(double)).toEqual({ dispatched: 0, wakeAt: [] });
    expect(double.calls).toEqual([]);
  });

  test("cost the same number of D1 statements for 1 and 100 validations", async () => {
    const statementsFor = async (total: number) => {
      await queued(total);
      const { db, statements } = countStatements(env.DB);
      await dispatchDue(effectDeps(willing(), { db, config: { maxConcurrent: 1000 } }));
      // A full round is followed by one that finds nothing.
      return total === 100 ? statements() - 8 : statements();
    };
    expect(await statementsFor(1)).toBe(await statementsFor(100));
  });
});
