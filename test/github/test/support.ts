/** The setup of the double's own tests. */
import * as v from "valibot";
import { onTestFinished } from "vitest";
import { type GitHub, openGitHub } from "../client/client.ts";
import type { InstanceSpec } from "../client/spec.ts";
import { generateAppKeys } from "../keys.ts";
import { ask, claims, signJwt } from "./caller.ts";

export const APP_ID = 4711;
export const KEYS = generateAppKeys();
export const PERSONAL = "github_pat_one";
export const SHA = "6dcb09b5b57875f334f61aebed695e2e4193db5e";
export const WIDGETS = "/repos/acme/widgets";

const SPEC: InstanceSpec = {
  app: { id: APP_ID, publicKeyPem: KEYS.publicKey },
  tokens: [PERSONAL],
  installations: [
    { id: 1, account: "acme", repositories: ["acme/widgets", "acme/gears"] },
    { id: 2, account: { login: "someone", type: "User" }, repositories: ["someone/else"] },
  ],
};

/** Opens a GitHub that is closed after the test. */
export async function openFor(serverUrl: string, spec: InstanceSpec = {}): Promise<GitHub> {
  const github = await openGitHub(serverUrl, { ...SPEC, ...spec });
  onTestFinished(() => github.close());
  return github;
}

/** An App's JWT. */
export const appJwt = (): string => signJwt(KEYS.privateKeyPkcs1, claims(APP_ID));

/** An installation's token. */
export async function tokenOf(github: GitHub, installation = 1, body?: unknown): Promise<string> {
  const answered = await ask(`POST ${github.url}/app/installations/${installation}/access_tokens`, {
    token: appJwt(),
    body,
  });
  return v.parse(v.object({ token: v.string() }), answered.body).token;
}
