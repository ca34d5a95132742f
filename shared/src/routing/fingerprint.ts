/**
 * What a delivery says, as a short name: the same for GitHub's copies of one delivery (an organization's hook and an App
 * get one GUID, and different bodies) and for the payload that recovery fetches. Only what GitHub says is in it, nothing
 * that depends on the configuration or on when it arrived.
 */
import type { Change, DeliveryFact } from "../messages/fact.ts";
import { shortSha256Hex } from "../text/hash.ts";

/**
 * Names the content of a delivery. Nothing is ever added to it: a delivery that an older version has recorded would seem
 * to have another content.
 */
export function fingerprintOf({
  event,
  action,
  repository,
  change,
}: Pick<DeliveryFact, "event" | "action" | "repository" | "change">): Promise<string> {
  const said = [event, action, repository?.id ?? null, repository?.full_name ?? null, ...contentOf(change)];
  return shortSha256Hex(JSON.stringify(said));
}

function contentOf(change: Change): readonly unknown[] {
  switch (change.type) {
    case "pull_request":
      return [
        change.number,
        change.head_sha,
        change.base_sha,
        change.before,
        change.draft,
        change.open,
        change.updated_at,
      ];
    case "merge_group":
      return [change.head_sha, change.head_ref, change.base_sha];
    case "push":
      return [change.ref_hash, change.base_sha, change.head_sha, change.pushed_at];
    case "rerun":
    case "approval":
      return [change.app_id, change.head_sha];
    case "command":
      return [change.command, change.number, change.comment_id];
    case "note":
      return [];
  }
}

/**
 * Names the body of a delivery and the secret that signed it, without reading the body again. The signature itself is not
 * kept: a digest proves nothing to anybody.
 * @param signature the verified `X-Hub-Signature-256`
 */
export const digestOf = (signature: string): Promise<string> => shortSha256Hex(signature);
