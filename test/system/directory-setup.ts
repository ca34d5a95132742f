/** A directory for all that tests create, removed after the last of them. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    testDirectory: string;
  }
}

export default function setup(project: TestProject): () => void {
  const directory = mkdtempSync(path.join(tmpdir(), "webhook-gateway-test-"));
  project.provide("testDirectory", directory);
  return () => rmSync(directory, { recursive: true, force: true });
}
