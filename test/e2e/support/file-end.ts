import { afterAll } from "vitest";

/** @returns what registers ends for after the last test of the file, where the last thing that was started ends first */
export function endsWithFile(): (end: () => Promise<void>) => void {
  const ends: (() => Promise<void>)[] = [];
  afterAll(async () => {
    for (const end of ends) await end();
  });
  return (end) => void ends.unshift(end);
}
