/** Authenticates a callback by the capability in its path, a bearer token, or a signature of its bytes. */

import { bearerToken, type LabeledSecret, sameSecret } from "@webhook-gateway/shared/config/secret.ts";
import { verifyCapability } from "@webhook-gateway/shared/domain/capability.ts";
import type { CallbackFact } from "@webhook-gateway/shared/messages/fact.ts";
import { createVerifier, isSignature } from "../ingress/signature.ts";

/** The capability in the callback's path. */
export interface Capability {
  readonly validationId: string;
  readonly token: string;
}

/** The result of a successful authentication. */
export interface Authentication {
  /** `ours`: the path authenticates the validation. `any`: the body names it. */
  readonly idKind: CallbackFact["id_kind"];
  /** The label of the secret that matched. */
  readonly secret: string;
}

/** Both return undefined if the callback is not authentic. */
export interface Authenticator {
  /** By what its headers and its path say alone, before its body is read. */
  byCredential(headers: Headers, capability: Capability | undefined): Promise<Authentication | undefined>;
  bySignature(headers: Headers, body: Uint8Array): Promise<Authentication | undefined>;
}

const SIGNATURE_HEADER = "x-grainchain-signature-256";

/** Whether a callback can be authentic by its signature. */
export const hasSignature = (headers: Headers): boolean => isSignature(headers.get(SIGNATURE_HEADER));

/**
 * Tries each form with each active secret, in constant time. The path's capability comes first: it alone says which
 * validation the callback belongs to.
 */
export function createAuthenticator(secrets: readonly LabeledSecret[], allowBearer = true): Authenticator {
  const verifySignature = createVerifier(secrets);
  return {
    async byCredential(headers, capability) {
      if (capability !== undefined) {
        const { validationId, token } = capability;
        const secret = await labelOf(secrets, (one) => verifyCapability(one, validationId, token));
        if (secret !== undefined) return { idKind: "ours", secret };
      }
      const bearer = allowBearer ? bearerToken(headers.get("authorization")) : undefined;
      if (bearer === undefined) return undefined;
      return anyOf(await labelOf(secrets, (one) => sameSecret(bearer, one)));
    },
    async bySignature(headers, body) {
      return anyOf(await verifySignature(body, headers.get(SIGNATURE_HEADER) ?? undefined));
    },
  };
}

const anyOf = (secret: string | undefined): Authentication | undefined =>
  secret === undefined ? undefined : { idKind: "any", secret };

/** The label of the first secret that matches. */
async function labelOf(
  secrets: readonly LabeledSecret[],
  fits: (secret: string) => Promise<boolean>,
): Promise<string | undefined> {
  for (const { label, secret } of secrets) if (await fits(secret)) return label;
  return undefined;
}
