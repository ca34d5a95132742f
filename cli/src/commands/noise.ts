/** `gateway noise`: what hooks deliver that the gateway never uses. */
import type { Command } from "commander";
import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import type { NoiseItem } from "../doctor/github/noise.ts";
import { addEnvironmentOption, moment } from "../input/option.ts";
import { printPage } from "../output/page.ts";
import type { Column } from "../output/table.ts";
import type { EnvironmentName } from "../project/project.ts";

const EXAMPLES = `
Examples:
  gateway noise --env production
  gateway noise --env production --since 3d --output json

Counts the deliveries that GitHub lists for each hook of RECONCILE_HOOKS: it
keeps them for three days, and the newest 2,000 of a hook are read. Every
delivery costs a request, used or not. Credentials come from where gateway
doctor takes them.`;

export function addNoise(program: Command, wrangler: WranglerProgram): void {
  addEnvironmentOption(program.command("noise"))
    .description("list the events of hooks that the gateway always ignores")
    .option("--since <when>", "delivered since: 30m, 6h or 2d ago, or a date", moment, moment("1d"))
    .addHelpText("after", EXAMPLES)
    .action(async ({ env, since }: { env: EnvironmentName; since: string }, command: Command) => {
      const { output } = command.optsWithGlobals<{ output: string }>();
      const { openContext } = await import("../doctor/context.ts");
      const { findNoise } = await import("../doctor/github/noise.ts");
      const context = await openContext(env, undefined, process.env, wrangler);
      const page = { items: await findNoise(context, since), next_cursor: null };
      printPage(output === "json", page, COLUMNS, "no delivery was ignored");
    });
}

const COLUMNS: Column<NoiseItem>[] = [
  { head: "HOOK", cell: ({ hook }) => hook, rank: 2, min: 8 },
  { head: "EVENT", cell: ({ event }) => event, rank: 1, min: 10 },
  { head: "ACTION", cell: ({ action }) => action ?? "-", rank: 3, min: 8 },
  { head: "IGNORED", cell: ({ deliveries, of }) => `${deliveries} of ${of}`, rank: 4, min: 7 },
  { head: "FIX", cell: ({ fix }) => fix ?? "none: other actions are used", rank: 5, min: 12 },
];
