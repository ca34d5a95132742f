/** Gateways between a GitHub and the embedded Grainchain, which are real as far as HTTP goes. */
import { afterEach, beforeAll, expect, inject } from "vitest";
import { startGrainchain } from "../../../grainchain/src/server.ts";
import { type GitHub, openGitHub } from "../../github/client/client.ts";
import type {} from "../../github/client/provided.ts";
import { cleanUpAfterFile } from "../../system/file-end.ts";
import { expectInvariants } from "../../system/invariants.ts";
import { commitFiles, makeDirectory, stepsFile } from "../../system/repositories.ts";
import { type Gateway, SECRETS, startGateway } from "./gateway.ts";

const TOKEN = "ghp_endtoend";
export const HOOK = 5;
export const double = inject("githubDouble");

/** The credentials of the gateway: those of an App, or a personal access token. */
export type Mode = "app" | "token";

interface System {
  readonly gateway: Gateway;
  readonly github: GitHub;
}

const REPOSITORIES = Array.from({ length: 12 }, (_, index) => `acme/widgets-${index}`);

/**
 * Starts a system of each mode before the tests of a file.
 * @returns gives a test the system of a mode, and a repository that no other test uses
 */
export function shareGitHubSystems() {
  const systems = new Map<Mode, System>();
  const reposDir = makeDirectory();
  let repositories = 0;
  const whenDone = cleanUpAfterFile();

  beforeAll(async () => {
    const grainchain = await startGrainchain({
      port: 0,
      // Its steps wait for files of the test, which an isolated step does not see.
      provider: { name: "local", isolation: "none" },
      reposDir,
      callbackSecret: SECRETS.GRAINCHAIN_CALLBACK_SECRET,
      callbackBackoffMs: 50,
      // Only one sandbox: a second run has to wait, and the report to GitHub says so.
      concurrency: 1,
      queueLimit: 0,
    });
    whenDone(() => grainchain.close());
    const start = async (mode: Mode, credentials: Readonly<Record<string, string>>): Promise<void> => {
      const github = await openGitHub(double.url, {
        app: { id: double.appId, publicKeyPem: double.publicKey },
        installations: [{ id: 77, account: "acme", repositories: REPOSITORIES }],
        repositories: REPOSITORIES,
        tokens: [TOKEN],
        collaborators: { ada: "write", rita: "read" },
        hooks: [{ kind: "org", owner: "acme", id: HOOK, deliveries: [] }],
      });
      const vars = { GITHUB_API_URL: github.url, ...credentials };
      systems.set(mode, { gateway: await startGateway(grainchain.url, vars, whenDone), github });
    };
    await Promise.all([
      start("app", { GITHUB_APP_ID: String(double.appId), GITHUB_APP_PRIVATE_KEY: double.privateKeyPkcs1 }),
      start("token", { GITHUB_TOKEN: TOKEN, RECONCILE_HOOKS: `org:acme/${HOOK}` }),
    ]);
  });

  afterEach(async () => {
    for (const { gateway, github } of systems.values()) {
      await expectInvariants(gateway);
      expect(await github.violations()).toEqual([]);
    }
  });

  return (mode: Mode = "app") => {
    const system = systems.get(mode);
    const repo = REPOSITORIES[repositories++];
    if (system === undefined || repo === undefined) throw new Error("too few systems or repositories");
    const commit = (run: string) => commitFiles(reposDir, repo, stepsFile({ name: "test", run }));
    const open = async (head: string, pr = 1): Promise<string> => {
      const { guid, status } = await system.gateway.send("pull_request.opened", { repo, pr, head });
      expect(status).toBe(202);
      const row = await system.gateway.waitForEnd(guid);
      return String(row.id);
    };
    return { ...system, repo, commit, open };
  };
}

/** Waits until the final state of a validation has been reported. */
export const reported = (gateway: Gateway, validationId: string) =>
  gateway.waitFor(
    `SELECT r.* FROM reports r JOIN validations v ON v.id = r.validation_id
     WHERE v.id = ?1 AND v.finished_at IS NOT NULL AND r.status <> 'due'`,
    validationId,
  );

export async function checkRunsOf(github: GitHub, head: string) {
  const { check_runs } = await github.state();
  return Object.values(check_runs).filter(({ head_sha }) => head_sha === head);
}
