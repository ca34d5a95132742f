import { expect } from "vitest";
import type { Row } from "../../system/database.ts";
import type { Gateway } from "./gateway.ts";

/** Opens a pull request, and waits until it is recorded. @returns the GUID of its delivery */
export async function openPull(gateway: Gateway, repo: string, pr: number): Promise<string> {
  const { guid, status } = await gateway.send("pull_request.opened", { repo, pr });
  expect(status).toBe(202);
  await gateway.waitFor("SELECT id FROM deliveries WHERE id = ?1", guid);
  return guid;
}

/** Waits until a validation of a pull request is in a state. */
export const waitForState = (gateway: Gateway, repo: string, pr: number, state: string): Promise<Row> =>
  gateway.waitFor(
    "SELECT * FROM validations WHERE repository = ?1 AND pr_number = ?2 AND state = ?3",
    ...[repo, pr, state],
  );
