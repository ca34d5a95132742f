/** What is left to a person once an account is provisioned. */

import type { Queue } from "../cloudflare/queues.ts";
import { wranglerCommand } from "../cloudflare/wrangler-command.ts";
import type { Wanted } from "../project/desired-state.ts";
import { configFile } from "../project/project.ts";
import type { SecretPlaces, SecretPlan } from "./secret-plan.ts";
import type { Row } from "./step.ts";

/** The addresses that the files come with. */
export const isExample = (url: string | undefined): boolean =>
  /(^|\.)example\.(com|workers\.dev)$/.test(URL.parse(url ?? "")?.hostname ?? "");

/** What to do with secrets that were put. */
export function secretAdvice({ sources }: SecretPlan, { file }: SecretPlaces): string[] {
  const kept = [...sources.values()].some((source) => source !== "environment");
  const github = sources.has("GITHUB_WEBHOOK_SECRET");
  const where = kept && file !== undefined ? ` (it is in ${file.name})` : "";
  return [
    ...(kept && file !== undefined
      ? [
          `${file.name} holds secrets, for nobody else to read: move them into a password manager, and delete it`,
        ]
      : []),
    ...(github
      ? [
          `GitHub needs the value of GITHUB_WEBHOOK_SECRET${where}: Settings → Webhooks → Secret of the repository or ` +
            "organisation, or Webhook secret in the settings of the App",
        ]
      : []),
  ];
}

/** What stands between here and a gateway that works. */
export function deployAdvice({ workers: { consumer }, environment }: Wanted): string[] {
  const examples = ["CLOUDFLARE_WORKER_URL", "GRAINCHAIN_API_URL"].filter((name) =>
    isExample(consumer.vars[name]),
  );
  return [
    ...(examples.length > 0
      ? [`before you deploy, set ${examples.join(" and ")} in ${consumer.file}: an example stands there`]
      : []),
    "deploy both Workers, which attaches the consumer to its queues:",
    ...(["consumer", "producer"] as const).map(
      (worker) => `  ${wranglerCommand(`deploy -c ${configFile(worker)} --env ${environment}`)}`,
    ),
  ];
}

/** The consumers that the files name, and that queues do not have yet: nothing but a deployment attaches them. */
export const attachmentRows = ({ workers: { consumer } }: Wanted, queues: readonly Queue[]): Row[] =>
  consumer.consumes
    .filter(
      ({ queue }) =>
        !queues.some(
          ({ name, consumers }) =>
            name === queue && consumers.some(({ script }) => script === consumer.script),
        ),
    )
    .map(({ queue }) => ({
      resource: `consumer of ${queue}`,
      is: "not attached",
      will: `${consumer.script}, attached by deploy`,
    }));
