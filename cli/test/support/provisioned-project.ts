/** A project that is provisioned for staging. */
import { provisioned } from "./fake-wrangler-account.ts";
import { openProject, type Project } from "./fake-wrangler-project.ts";

export const UUID = "7b0c1f8e-2f51-4a53-9f0f-0f7e4b6c9a11";

/** Writes the id of staging's database to the files, as an earlier run does. */
export const nameDatabase = (project: Project, id: string): void =>
  project.editEnvironments((toml) => toml.replace("00000000-0000-4000-8000-000000000002", id));

/** A project with everything that staging needs. */
export async function openProvisioned() {
  const project = await openProject(provisioned("staging", UUID));
  nameDatabase(project, UUID);
  return project;
}

/** What the command advises once everything is provisioned. */
export const DEPLOY_LINES = [
  "before you deploy, replace CLOUDFLARE_WORKER_URL and GRAINCHAIN_API_URL in environments.toml, and run npm run environments",
  "deploy both Workers, which attaches the consumer to its queues:",
  "  npm run wrangler -- deploy -c wrangler.consumer.toml --env staging",
  "  npm run wrangler -- deploy -c wrangler.producer.toml --env staging",
  "",
].join("\n");
