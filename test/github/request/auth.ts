/** Identifies the sender of a request. */
import { createVerify } from "node:crypto";
import * as v from "valibot";
import type { App } from "../client/spec.ts";
import { Refusal } from "./reply.ts";
import type { Grant, World } from "./world.ts";

export type Identity =
  | { readonly kind: "none" }
  | { readonly kind: "token"; readonly token: string }
  | { readonly kind: "app"; readonly app: App }
  | { readonly kind: "installation"; readonly grant: Grant };

/** The sender, and why it is refused. */
export interface Credentials {
  readonly identity: Identity;
  readonly refusal?: Refusal;
}

const jwtHeader = v.object({ alg: v.literal("RS256") });
const claims = v.object({ iss: v.unknown(), iat: v.unknown(), exp: v.unknown() });

/** The longest lifetime of a JWT. */
const MAX_JWT_SECONDS = 600;

/** Reads the Authorization header. */
export function identify(header: string | undefined, world: World, now: number): Credentials {
  if (header === undefined) return { identity: { kind: "none" } };
  const bad = new Refusal(401, "Bad credentials");
  const [, token = ""] = /^(?:bearer|token) +(\S+)$/i.exec(header) ?? [];
  const grant = world.grants.get(token);
  if (grant !== undefined) {
    const identity: Identity = { kind: "installation", grant };
    if (grant.revoked || grant.expires_at <= now) return { identity, refusal: bad };
    if (!grant.installation.suspended) return { identity };
    return { identity, refusal: new Refusal(403, "This installation has been suspended") };
  }
  if (world.spec.tokens.includes(token)) return { identity: { kind: "token", token } };
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(token) && !token.startsWith("ghs_")) return readJwt(token, world, now);
  return { identity: { kind: "none" }, refusal: bad };
}

function readJwt(jwt: string, { app }: World, now: number): Credentials {
  const refuse = (message: string, status = 401): Credentials => ({
    identity: { kind: "none" },
    refusal: new Refusal(status, message),
  });
  const [header = "", payload = "", signature = ""] = jwt.split(".");
  const read = v.safeParse(claims, decode(payload));
  if (!v.is(jwtHeader, decode(header)) || !read.success)
    return refuse("A JSON web token could not be decoded");
  const { iss, iat, exp } = read.output;
  if (app === undefined || ![String(app.id), app.client_id].includes(String(iss)))
    return refuse("Integration not found", 404);
  const verifier = createVerify("RSA-SHA256").update(`${header}.${payload}`);
  if (!verifier.verify(app.publicKeyPem, signature, "base64url"))
    return refuse("A JSON web token could not be decoded");
  const seconds = now / 1000;
  if (typeof exp !== "number" || exp <= seconds)
    return refuse(
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    );
  // Rounded up, since the current second has not passed yet.
  if (exp > Math.ceil(seconds) + MAX_JWT_SECONDS)
    return refuse("'Expiration time' claim ('exp') is too far in the future");
  if (typeof iat !== "number" || !Number.isInteger(iat) || iat > Math.ceil(seconds))
    return refuse(
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    );
  return { identity: { kind: "app", app } };
}

function decode(part: string): unknown {
  try {
    return JSON.parse(Buffer.from(part, "base64url").toString());
  } catch {
    return undefined;
  }
}
