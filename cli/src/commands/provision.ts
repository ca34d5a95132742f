/** `gateway provision`: brings a Cloudflare account to what the configuration files name. */
import { type Command, Option } from "commander";
import { readAccount } from "../cloudflare/account.ts";
import { openWrangler, type WranglerProgram } from "../cloudflare/wrangler.ts";
import { GatewayError } from "../exit.ts";
import { askForWord, processTerminal } from "../input/prompt.ts";
import { type Column, tableLines } from "../output/table.ts";
import { messageScreen, printJson, resultScreen, say } from "../output/terminal.ts";
import { readWanted } from "../project/desired-state.ts";
import { ENVIRONMENTS, type EnvironmentName, projectDir, readToolSettings } from "../project/project.ts";
import { checkWorkerName } from "../project/worker-name.ts";
import { checkGivenSecrets } from "../provision/given-secrets.ts";
import { type Audience, type Outcome, provision } from "../provision/provision.ts";
import { openSecretsFile } from "../provision/secrets-file.ts";
import type { Row } from "../provision/step.ts";

interface ProvisionOptions {
  readonly env: EnvironmentName;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly secretsFile?: string;
}

const EXAMPLES = `
Examples:
  gateway provision --env staging --dry-run
  gateway provision --env staging --secrets-file ../staging-secrets
  gateway provision --env production --yes --secrets-file ../production-secrets

Queues, the D1 database with its schema, and required secrets that are missing
are made; nothing that is there is replaced. It may be run again at any time:
after a failure it goes on from where it was, else there is nothing to do.
CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID come from the environment or
.env. A missing secret comes from the environment variable of its name; else it
is made at random, and kept in a new file that only you can read. Optional
secrets (GITHUB_TOKEN, GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY,
GRAINCHAIN_API_KEY, ALERT_WEBHOOK_URL, …) are put where the environment, .env
or that file has one and the Worker has none.`;

const COLUMNS: readonly Column<Row>[] = [
  { head: "resource", cell: ({ resource }) => resource, rank: 1, min: 30, wrap: true },
  { head: "is", cell: ({ is }) => is, rank: 3, min: 12, wrap: true },
  { head: "will be", cell: ({ will }) => will, rank: 2, min: 20, wrap: true },
];

/** Adds the command. */
export function addProvision(program: Command, wrangler: WranglerProgram): void {
  program
    .command("provision")
    .description("make what an environment needs at Cloudflare")
    .addOption(new Option("--env <name>", "the environment").choices(ENVIRONMENTS).makeOptionMandatory())
    .option("--dry-run", "only show what would be done")
    .option("--yes", "do not ask, but for consumers to detach")
    .option("--detach", "detach consumers that the files no longer name, without asking")
    .option("--secrets-file <file>", "a new file for secrets that are made")
    .addHelpText("after", EXAMPLES)
    .action(async (options: ProvisionOptions, command: Command) => {
      const json = command.optsWithGlobals<{ output: string }>().output === "json";
      const outcome = await run(options, json, wrangler);
      if (json) printJson(documentOf(options, outcome));
      if (outcome.failure !== undefined) throw outcome.failure;
    });
}

async function run(options: ProvisionOptions, json: boolean, program: WranglerProgram): Promise<Outcome> {
  const { env, secretsFile, dryRun = false } = options;
  const dir = projectDir(process.env);
  const settings = readToolSettings(dir, process.env);
  const account = readAccount(settings);
  const from = process.env.INIT_CWD ?? process.cwd();
  const file = secretsFile === undefined ? undefined : openSecretsFile(from, secretsFile, env);
  const wanted = await readWanted(dir, env);
  checkWorkerName(settings, wanted.workers.producer, env);
  checkGivenSecrets(wanted, { settings, file });
  const deps = { dir, account, wanted, wrangler: openWrangler(dir, account, program) };
  return provision(deps, { settings, file }, { dryRun }, audienceOf(options, json));
}

const audienceOf = (
  { env, dryRun = false, yes = false, detach = false }: ProvisionOptions,
  json: boolean,
): Audience => ({
  say,
  showPlan(rows, isDone) {
    if (isDone) say(`nothing to do: ${env} has all that the files name`);
    if (rows.length > 0 && (!json || !dryRun)) showRows(rows, json);
  },
  async confirm() {
    if (yes) return;
    const terminal = processTerminal();
    if (!terminal.isInteractive) {
      throw new GatewayError("nothing was done: without a terminal to ask on, --yes has to confirm the plan");
    }
    if (!(await askForWord("provision", terminal))) {
      throw new GatewayError("nothing was done: it was not confirmed");
    }
  },
  async mayPerform(order) {
    if (detach) return true;
    const terminal = processTerminal();
    if (!terminal.isInteractive) return false;
    say(`about to ${order}: messages then wait there until something else consumes them`);
    return askForWord("detach", terminal);
  },
});

function showRows(rows: readonly Row[], json: boolean): void {
  const screen = json ? messageScreen() : resultScreen();
  screen.print(tableLines(rows, COLUMNS, screen));
}

const documentOf = ({ env, dryRun = false }: ProvisionOptions, { plan, done, notes }: Outcome) => ({
  environment: env,
  dry_run: dryRun,
  plan,
  done,
  notes,
});
