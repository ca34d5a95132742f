/** Who vouches for a callback: the capability of its path, a bearer, or a signature of its bytes. */

import { bearerToken, type LabelledSecret, sameSecret } from "@webhook-gateway/shared/config/secret.ts";
import { verifyCapability } from "@webhook-gateway/shared/domain/capability.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { createVerifier } from "../ingress/signature.ts";

/** The path's capability, where the callback came by one. */
export interface Capability {
  readonly validationId: string;
  readonly token: string;
}

/** What makes a callback authentic. */
export interface Voucher {
  /** `ours`: the path vouches for the validation. `any`: the body names it. */
  readonly idKind: CallbackFact["id_kind"];
  /** The label of the secret behind it. */
  readonly secret: string;
}

/** Finds a callback's voucher; undefined where nothing makes it authentic. */
export type FindVoucher = (
  headers: Headers,
  body: Uint8Array,
  capability: Capability | undefined,
) => Promise<Voucher | undefined>;

/**
 * Takes each form under each of the secrets in force, compared in constant time. The path's capability comes first: it
 * alone says whose the callback is.
 */
export function createVoucherFinder(secrets: readonly LabelledSecret[]): FindVoucher {
  const verifySignature = createVerifier(secrets);
  return async function findVoucher(headers, body, capability) {
    if (capability !== undefined) {
      const { validationId, token } = capability;
      const secret = await labelOf(secrets, (one) => verifyCapability(one, validationId, token));
      if (secret !== undefined) return { idKind: "ours", secret };
    }
    const bearer = bearerToken(headers.get("authorization"));
    const given = bearer === undefined ? undefined : await labelOf(secrets, (one) => sameSecret(bearer, one));
    const signature = headers.get("x-grainchain-signature-256") ?? undefined;
    const secret = given ?? (await verifySignature(body, signature));
    return secret === undefined ? undefined : { idKind: "any", secret };
  };
}

/** The label of the first secret that fits. */
async function labelOf(
  secrets: readonly LabelledSecret[],
  fits: (secret: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const { label, secret } of secrets) if (await fits(secret)) return label;
  return undefined;
}
