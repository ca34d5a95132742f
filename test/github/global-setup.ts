/** Runs the double beside a project's tests. */
import type { TestProject } from "vitest/node";
import { generateAppKeys } from "./keys.ts";
import type {} from "./provided.ts";
import { startGitHubServer } from "./server.ts";

const APP_ID = 123_456;

/** Starts the double and says where it is. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startGitHubServer();
  project.provide("githubDouble", { url: server.url, appId: APP_ID, ...generateAppKeys() });
  return () => server.close();
}
