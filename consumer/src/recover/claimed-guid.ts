/**
 * Whether what is known under a GUID is the delivery that GitHub lists under it. GitHub's signature does not cover the
 * GUID, so anyone with a webhook secret can have sent something else under it first.
 */

import { otherId } from "@webhook-gateway/shared/domain/delivery-id.ts";
import type { HookDelivery } from "@webhook-gateway/shared/github/hook-delivery.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { type AccountedFor, loadAccountedFor } from "@webhook-gateway/shared/store/maintain/recovery.ts";

/**
 * Judges by the list alone, without the payload. What GitHub got an answer for is in the queue or recorded, whatever came
 * under its GUID before: recording tells them apart. So only what GitHub calls failed, or lists as another event, is
 * fetched and compared, and that once: then it has its time of delivery.
 */
export function isListed(known: AccountedFor, listed: HookDelivery): boolean {
  // A fact that cannot be read says nothing that could be compared.
  if (known.delivered_at !== null || known.event === null) return true;
  const answered = listed.status_code >= 200 && listed.status_code < 300;
  const ids = [known.repository_id, listed.repository_id];
  const same =
    known.event === listed.event &&
    known.action === listed.action &&
    (ids.includes(null) || Number(listed.repository_id) === known.repository_id);
  // An older version has stored no fingerprint.
  return same && (answered || known.dead === 1 || known.fingerprint === null);
}

/** Those fetched facts that are not recorded: under their GUIDs, or beside what has claimed them. */
export async function notRecorded(
  db: D1Database,
  accounted: ReadonlyMap<string, AccountedFor>,
  facts: readonly DeliveryFact[],
): Promise<readonly DeliveryFact[]> {
  const missing = facts.filter(({ id, fingerprint }) => {
    const known = accounted.get(id);
    return known === undefined || (known.fingerprint !== null && known.fingerprint !== fingerprint);
  });
  const claimed = missing.filter(({ id }) => accounted.has(id)).map(otherId);
  if (claimed.length === 0) return missing;
  const beside = await loadAccountedFor(db, claimed);
  return missing.filter((fact) => !beside.has(otherId(fact)));
}
