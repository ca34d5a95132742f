/** Runs the double for the tests of a project. */
import type { TestProject } from "vitest/node";
import type {} from "./client/provided.ts";
import { generateAppKeys } from "./keys.ts";
import { startGitHubServer } from "./server/server.ts";

const APP_ID = 123_456;

/** Starts the double and provides its URL. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startGitHubServer();
  project.provide("githubDouble", { url: server.url, appId: APP_ID, ...generateAppKeys() });
  return () => server.close();
}
