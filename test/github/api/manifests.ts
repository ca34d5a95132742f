/** The conversion of a manifest's code into an App. */
import { randomBytes } from "node:crypto";
import { generateAppKeys } from "../keys.ts";
import { integration } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { notFound, type Reply } from "../request/reply.ts";

function convert(call: Call): Reply {
  const { world, params } = call;
  const taken = world.takeManifest(params.code ?? "");
  if (taken === undefined) throw notFound();
  const { manifest, owner } = taken;
  const keys = generateAppKeys();
  const slug = manifest.name.toLowerCase().replaceAll(/[^a-z\d]+/g, "-");
  const secret = randomBytes(20).toString("hex");
  const app = {
    ...{ id: world.nextId(), slug, client_id: `Iv23li${randomBytes(7).toString("hex")}` },
    ...{ publicKeyPem: keys.publicKey, name: manifest.name, owner },
    ...{ permissions: manifest.default_permissions, events: manifest.default_events },
  };
  world.register(app, { url: manifest.hook_attributes.url, secret });
  return {
    status: 201,
    body: {
      ...integration(call, app),
      client_secret: randomBytes(20).toString("hex"),
      webhook_secret: secret,
      pem: keys.privateKeyPkcs1,
    },
  };
}

export const manifestRoutes: Routes = {
  "apps/create-from-manifest": { credentials: ["none", "token", "app", "installation"], serve: convert },
};
