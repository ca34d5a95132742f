import { afterAll } from "vitest";

/** @returns registers an action for after the last test of the file; the last one registered runs first */
export function cleanUpAfterFile(): (end: () => Promise<void>) => void {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends) await end();
  });
  return (end) => void ends.unshift(end);
}
