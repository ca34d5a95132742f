/** `gateway provision`: creates in a Cloudflare account what the configuration files name. */
import { type Command, Option } from "commander";
import { isJson } from "../api/session.ts";
import { missingAccount, NO_ACCOUNT, notSetText, readAccount } from "../cloudflare/account.ts";
import { openWrangler, type WranglerProgram } from "../cloudflare/wrangler.ts";
import { addEnvironmentOption } from "../input/option.ts";
import { askForWord, processTerminal, requireConfirmation } from "../input/prompt.ts";
import { startFolder } from "../input/text-file.ts";
import { type Column, tableLines } from "../output/table.ts";
import { messageScreen, printJson, printMessage, resultScreen } from "../output/terminal.ts";
import { type EnvironmentName, projectDir, readToolSettings, tokenAdvice } from "../project/project.ts";
import { checkWorkerName } from "../project/worker-name.ts";
import { emptyState, readActualState } from "../provision/actual-state.ts";
import { readDesired } from "../provision/environment-step.ts";
import { checkGivenSecrets } from "../provision/given-secrets.ts";
import { type Operator, type Outcome, provision } from "../provision/provision.ts";
import { openSecretsFile } from "../provision/secrets-file.ts";
import { LOCATIONS, type Location, type Row } from "../provision/step.ts";

interface ProvisionOptions {
  readonly env: EnvironmentName;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly detach?: boolean;
  readonly secretsFile?: string;
  readonly location?: Location;
}

const EXAMPLES = `
Examples:
  gateway provision --env staging --dry-run
  gateway provision --env staging --secrets-file ../staging-secrets --location weur
  gateway provision --env production --yes --secrets-file ../production-secrets
  gateway provision --env acme-2 --dry-run

An environment that the configuration files do not have is a new cell: a second
gateway with its own queues and database. Without CLOUDFLARE_API_TOKEN,
--dry-run shows the plan for an empty account.

Creates the queues, the D1 database with its schema, and the required secrets
that are missing. Nothing that exists is replaced. Run it as often as you like:
after a failure it continues where it stopped. CLOUDFLARE_API_TOKEN and
CLOUDFLARE_ACCOUNT_ID come from the environment or .env. A missing secret comes
from the environment variable of its name; otherwise it is generated, and kept
in a new file that only you can read. Optional secrets (GITHUB_TOKEN,
GITHUB_APP_ID with GITHUB_APP_PRIVATE_KEY, GRAINCHAIN_API_KEY,
ALERT_WEBHOOK_URL, …) are set if the environment, .env or that file has a value
and the Worker has none.`;

const COLUMNS: readonly Column<Row>[] = [
  { head: "resource", cell: ({ resource }) => resource, rank: 1, min: 30, wrap: true },
  { head: "current", cell: ({ is }) => is, rank: 3, min: 12, wrap: true },
  { head: "planned", cell: ({ will }) => will, rank: 2, min: 20, wrap: true },
];

export function addProvision(program: Command, wrangler: WranglerProgram): void {
  addEnvironmentOption(program.command("provision"))
    .description("create the Cloudflare resources that an environment needs")
    .option("--dry-run", "only show what would be done")
    .option("--yes", "skip prompts, except for detaching consumers")
    .option("--detach", "detach consumers that the files no longer name, without asking")
    .option("--secrets-file <file>", "a new file for generated secrets")
    .addOption(new Option("--location <hint>", "where a new database's writer runs").choices(LOCATIONS))
    .addHelpText("after", EXAMPLES)
    .action(async (options: ProvisionOptions, command: Command) => {
      const json = isJson(command);
      const outcome = await run(options, json, wrangler);
      if (json) printJson(documentOf(options, outcome));
      if (outcome.failure !== undefined) throw outcome.failure;
    });
}

async function run(options: ProvisionOptions, json: boolean, program: WranglerProgram): Promise<Outcome> {
  const { env, secretsFile, location, dryRun = false } = options;
  const dir = projectDir(process.env);
  const settings = readToolSettings(dir, process.env, env);
  const advice = tokenAdvice(settings);
  if (advice !== undefined) printMessage(advice);
  const missing = dryRun ? missingAccount(settings) : [];
  const account = missing.length === 0 ? readAccount(settings) : NO_ACCOUNT;
  const file = secretsFile === undefined ? undefined : openSecretsFile(startFolder(), secretsFile, env);
  const { desired, fileSteps } = await readDesired(dir, env);
  checkWorkerName(settings, desired.workers.producer, env);
  checkGivenSecrets(desired, { settings, file });
  const deps = { dir, account, desired, location, wrangler: openWrangler(dir, account, program) };
  const operator = operatorOf(options, json);
  if (account === NO_ACCOUNT) {
    operator.print(`${notSetText(missing)}, so no account was asked; this plan assumes an empty account`);
  }
  // Of a new cell there is nothing yet, and Wrangler cannot be asked for what its files do not have.
  const isAsked = account !== NO_ACCOUNT && fileSteps.length === 0;
  const actual = isAsked ? await readActualState(account, deps.wrangler, desired) : emptyState(desired);
  return provision(deps, actual, { settings, file }, { dryRun, fileSteps }, operator);
}

const operatorOf = (
  { env, dryRun = false, yes = false, detach = false }: ProvisionOptions,
  json: boolean,
): Operator => ({
  print: printMessage,
  showPlan(rows, isDone) {
    if (isDone) printMessage(`nothing to do: everything in the configuration files already exists in ${env}`);
    if (rows.length > 0 && (!json || !dryRun)) showRows(rows, json);
  },
  async confirm() {
    if (!yes) await requireConfirmation("provision", "plan");
  },
  async mayPerform(action) {
    if (detach) return true;
    const terminal = processTerminal();
    if (!terminal.isInteractive) return false;
    printMessage(`about to ${action}: its messages then wait until something else consumes them`);
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
