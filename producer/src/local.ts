/** The producer as the local gateway runs it: it passes crons on to the consumer, which has no HTTP surface. */
import producer from "./index.ts";

interface LocalEnv extends Env {
  /** `Cron` of the consumer's `local.ts`. */
  readonly CRON: { run(cron: string, scheduledTime: number): Promise<void> };
}

export default {
  ...producer,
  scheduled: ({ cron, scheduledTime }, env) => env.CRON.run(cron, scheduledTime),
} satisfies ExportedHandler<LocalEnv>;
