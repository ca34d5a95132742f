/**
 * `node tools/release/example-payloads.ts`: copies the example payloads of `gateway send` from the package that the authors
 * of GitHub's SDK maintain, so that `npm start` does not have to install it. Run it when the package has a new version.
 */
import { writeFileSync } from "node:fs";
import webhooks from "@octokit/webhooks-examples" with { type: "json" };
import { EXAMPLES_FILE, type ExamplePayload } from "../../cli/src/input/example-payloads.ts";

/** @returns the first example of every event and action, one a line */
export function exampleLines(): string {
  const seen = new Set<string>();
  const lines = webhooks.flatMap(({ name: event, examples }) =>
    (examples as readonly ExamplePayload["payload"][]).flatMap((payload) => {
      const key = `${event}.${payload.action ?? ""}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [JSON.stringify({ event, payload } satisfies ExamplePayload)];
    }),
  );
  return `${lines.join("\n")}\n`;
}

if (import.meta.main) writeFileSync(EXAMPLES_FILE, exampleLines());
