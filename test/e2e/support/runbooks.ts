/** Carries out the runbooks in the documents, by the commands that stand there, against a running gateway. */
import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { sendDelivery } from "../../../cli/src/api/delivery.ts";
import { buildPayload } from "../../../cli/src/input/payload.ts";
import { runHere } from "../../../cli/test/support/gateway-here.ts";
import { argumentsOf, readDocument } from "../../../tools/test/support/documented.ts";
import type { GrainchainDouble } from "../../grainchain/server.ts";
import { type Gateway, SECRETS } from "./gateway.ts";
import { openPull, waitForState } from "./pull-requests.ts";

const LEAKED = "e2e secret of acme's hook";
const ALICE = "e2e-token-of-alice";

/** The configuration before the leak, and before Alice leaves. */
export const BEFORE = {
  GITHUB_WEBHOOK_SECRETS: JSON.stringify({ acme: LEAKED }),
  OPERATOR_TOKENS: JSON.stringify({ alice: ALICE }),
};
const AFTER = { GITHUB_WEBHOOK_SECRETS: "", OPERATOR_TOKENS: "" };

interface Surroundings {
  readonly gateway: Gateway;
  readonly grainchain: GrainchainDouble;
  /** Its runs continue until they are cancelled. */
  readonly repo: string;
}

type Values = Readonly<Record<string, string>>;

/** The commands below a heading, or below a sentence. */
function runbook(document: string, heading: string): string[] {
  const [, text = ""] = readDocument(document).split(heading);
  const [, block = ""] = /```sh\n([\s\S]*?)```/.exec(text) ?? [];
  return block.trim().split("\n");
}

const fill = (line: string | undefined, values: Values): string =>
  Object.entries(values).reduce((text, [name, value]) => text.replaceAll(`<${name}>`, value), line ?? "");

export function testRunbooks(surroundings: () => Surroundings): void {
  const query = (line: string | undefined, values: Values) => {
    const [sql = ""] = argumentsOf(fill(line, values));
    return surroundings().gateway.rows(sql);
  };
  const operate = (line: string | undefined, values: Values = {}, token = SECRETS.OPERATOR_TOKEN) =>
    runHere(argumentsOf(fill(line, values)), {
      GATEWAY_URL: surroundings().gateway.url,
      GATEWAY_TOKEN: token,
    });
  const open = (pr: number) => openPull(surroundings().gateway, surroundings().repo, pr);
  const reach = async (pr: number, state: string) => {
    const { gateway, repo } = surroundings();
    return String((await waitForState(gateway, repo, pr, state)).id);
  };
  const forge = (event: string, payload: object) =>
    sendDelivery(surroundings().gateway.url, LEAKED, {
      event,
      guid: randomUUID(),
      body: JSON.stringify(payload),
    });

  describe("by the runbook", () => {
    test("what a leaked webhook secret signed is found, and what it did is undone", async () => {
      const [signed, done, cancel, rerun] = runbook("docs/security.md", "### A webhook secret\n");
      const { repo } = surroundings();
      await open(70);
      const genuine = await reach(70, "running");
      await forge("pull_request", {
        ...buildPayload("pull_request.opened", { repo, pr: 71, now: new Date() }),
      });
      const forged = await reach(71, "running");
      const comment = { id: 4711, body: "/validate cancel", author_association: "MEMBER" };
      const issue = { number: 70, pull_request: {} };
      const command = buildPayload("issue_comment.created", { repo, pr: 70, now: new Date() });
      await forge("issue_comment", { ...command, issue, comment });
      await reach(70, "cancelled");

      const leak = { label: "acme", time: "2026-01-01T00:00:00.000Z" };
      expect(await query(signed, leak)).toMatchObject([
        { event: "pull_request", repository: repo, outcome: "started" },
        { event: "issue_comment", repository: repo, outcome: "cancelled" },
      ]);
      expect(await query(done, leak)).toEqual([
        { id: forged, from_state: null, to_state: "queued", now: "running" },
        { id: genuine, from_state: "running", to_state: "cancelled", now: "cancelled" },
      ]);
      expect(await operate(cancel, { id: forged })).toMatchObject({ code: 0 });
      expect(await operate(rerun, { id: genuine })).toMatchObject({ code: 0 });
      await reach(71, "cancelled");
      const again = await reach(70, "running");
      expect(again).not.toBe(genuine);
      await operate(cancel, { id: again });
    });

    test("a leaked callback URL ends with its validation, and a re-run has another", async () => {
      const { gateway, grainchain, repo } = surroundings();
      const [show, cancel, rerun] = runbook("docs/security.md", "### A callback URL\n");
      await open(72);
      const id = await reach(72, "running");
      const urlOf = (validation: string) =>
        [...grainchain.sandboxes.runs.values()].find(
          ({ request }) => request.client_request_id === validation,
        )?.request.webhook_url ?? "";
      const report = async (status: string) => {
        const body = {
          validation_id: id,
          project_id: repo,
          pr_number: 72,
          status,
          results: { success: true },
        };
        const headers = { "content-type": "application/json" };
        const answer = await fetch(urlOf(id), { method: "POST", headers, body: JSON.stringify(body) });
        return answer.status;
      };

      expect(urlOf(id)).toContain(`/callbacks/${id}/`);
      expect(await operate(cancel, { id })).toMatchObject({ code: 0 });
      await reach(72, "cancelled");
      expect(await operate(rerun, { id })).toMatchObject({ code: 0 });
      const again = await reach(72, "running");
      expect(urlOf(again)).not.toContain(urlOf(id));
      expect(await report("completed")).toBe(200);
      await gateway.waitFor(
        "SELECT 1 FROM timeline WHERE validation_id = ?1 AND reason LIKE 'callback completed%'",
        id,
      );
      expect((await operate(show, { id })).stdout).toContain("callback completed, after the end");
      expect(await reach(72, "cancelled")).toBe(id);
      expect(await reach(72, "running")).toBe(again);
      await operate(cancel, { id: again }, ALICE);
      await reach(72, "cancelled");
    });

    test("somebody who left, and a secret that was replaced, can do nothing more; what they did stays listed", async () => {
      const { gateway, repo } = surroundings();
      const [list] = runbook("docs/operations.md", "**Somebody left:**");
      await gateway.reconfigure(AFTER);
      expect(await operate(list, {}, ALICE)).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("GATEWAY_TOKEN is refused"),
      });
      const payload = buildPayload("pull_request.opened", { repo, pr: 73, now: new Date() });
      expect(await forge("pull_request", { ...payload })).toMatchObject({ status: 401 });
      const listed = await operate(list);
      expect(listed.stdout).toMatch(/operator:alice +cancel +done/);
      expect(listed.stdout.trim().split("\n")).toHaveLength(2);
    });
  });
}
