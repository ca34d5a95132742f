/** What a person has to do once an account is provisioned. */
import type { Queue } from "../cloudflare/queues.ts";
import { deployCommand } from "../cloudflare/wrangler-command.ts";
import type { DesiredState } from "../project/desired-state.ts";
import { SOURCE } from "../project/environments.ts";
import { exampleAddresses } from "../project/project.ts";
import type { SecretPlan } from "./secret-plan.ts";
import type { SecretInputs } from "./secrets-file.ts";
import type { Row } from "./step.ts";

/** What to do with secrets that were set. */
export function secretAdvice({ sources }: SecretPlan, { file }: SecretInputs): string[] {
  const kept = file !== undefined && [...sources.values()].some((source) => source !== "environment");
  const advice = kept
    ? [`${file.name} holds secrets: move them to a password manager, and delete the file`]
    : [];
  if (!sources.has("GITHUB_WEBHOOK_SECRET")) return advice;
  const location = kept ? ` (it is in ${file.name})` : "";
  return [
    ...advice,
    `GitHub needs the value of GITHUB_WEBHOOK_SECRET${location}: Settings → Webhooks → Secret of the repository or ` +
      "organization, or Webhook secret in the settings of the App",
  ];
}

/** What is left to do before the gateway works. */
export function deployAdvice({ workers: { consumer }, environment }: DesiredState): string[] {
  const examples = exampleAddresses(consumer.vars);
  return [
    ...(examples.length > 0
      ? [`before you deploy, replace ${examples.join(" and ")} in ${SOURCE}, and run npm run environments`]
      : []),
    "deploy both Workers, which attaches the consumer to its queues:",
    ...(["consumer", "producer"] as const).map((worker) => `  ${deployCommand(worker, environment)}`),
  ];
}

/** The consumers in the files that are not attached to their queues yet: only a deployment attaches them. */
export const attachmentRows = ({ workers: { consumer } }: DesiredState, queues: readonly Queue[]): Row[] => {
  const attached = queues
    .filter(({ consumers }) => consumers.some(({ script }) => script === consumer.script))
    .map(({ name }) => name);
  return consumer.consumes
    .filter(({ queue }) => !attached.includes(queue))
    .map(({ queue }) => ({
      resource: `consumer of ${queue}`,
      is: "not attached",
      will: `${consumer.script}, attached by deploy`,
    }));
};
