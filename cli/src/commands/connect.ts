/** `gateway connect`: makes a GitHub App for the gateway, and keeps its credentials. */
import { createGitHub } from "@webhook-gateway/shared/github/client.ts";
import type { Command } from "commander";
import { givenGatewayUrl } from "../api/gateway-url.ts";
import { isJson } from "../api/session.ts";
import type { WranglerProgram } from "../cloudflare/wrangler.ts";
import { deployCommand, putSecretCommand } from "../cloudflare/wrangler-command.ts";
import { type CreatedApp, convertCode } from "../connect/conversion.ts";
import { checkCredentialsFile, credentialsFile, storeCredentials } from "../connect/credentials.ts";
import { forwardDeliveries } from "../connect/forward.ts";
import { openForwarded } from "../connect/forwarded.ts";
import { serveManifestPage } from "../connect/loopback.ts";
import { appManifest, appName } from "../connect/manifest.ts";
import { openTarget, type Target } from "../connect/target.ts";
import { webAddress } from "../connect/web-address.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { catchInterrupts } from "../input/interrupt.ts";
import { addEnvironmentOption, integerUpTo, matching } from "../input/option.ts";
import { printJson, printMessage } from "../output/terminal.ts";
import { localAddresses, readPorts, readStateDir } from "../project/local-gateway.ts";
import type { EnvironmentName } from "../project/project.ts";

interface ConnectOptions {
  readonly org?: string;
  readonly env: EnvironmentName;
  readonly local?: boolean;
  readonly port?: number;
}

const HELP = `
Examples:
  gateway connect --org acme --local
  gateway connect --org acme --env production

Prints the address of a page on this machine. Open it in a browser: it shows
what the App will be allowed to do, and GitHub asks you to confirm. The App's
id, key and webhook secret are never printed. They are stored in .dev.vars for
the local gateway, and otherwise in .env.<name>, which provision reads. Both
files are only for you, and git ignores them.
With --local the command then forwards failed deliveries to this machine until
you press Ctrl-C; run it again to continue. No tunnel is needed: GitHub is given
an address that never resolves, or an https address that you pass as --url.`;

/** As GitHub allows them. */
const login = matching(/^[a-z\d][\w-]{0,99}$/i, "It must be a login, such as acme.");

export function addConnect(program: Command, wrangler: WranglerProgram): void {
  addEnvironmentOption(program.command("connect"), "development")
    .description("create the GitHub App of the gateway")
    .option("--org <login>", "the organization that will own it (default: your account)", login)
    .option("--local", "forward deliveries to the local gateway, after creating the App if there is none")
    .option("--port <n>", "the page's port (default: one that is free)", integerUpTo(65_535))
    .addHelpText("after", HELP)
    .action(async (options: ConnectOptions, command: Command) => {
      const { env, local = false } = options;
      if (local && env !== "development")
        throw new GatewayError("--local is for the development environment", EXIT.usage);
      const json = isJson(command);
      const url = givenGatewayUrl(command);
      const target = await openTarget(env, url, wrangler);
      if (target.existing === undefined) await createApp(target, options, json);
      else if (!local) throw alreadyConnected(target);
      if (local) await forwardHere(url, wrangler);
    });
}

const alreadyConnected = ({ existing, environment }: Target): GatewayError =>
  new GatewayError(
    `${environment} has an App already: ${existing}. ` +
      (environment === "development"
        ? "To forward its deliveries: gateway connect --local. To replace it, remove"
        : "To replace it, delete") +
      " GITHUB_APP_ID and GITHUB_APP_PRIVATE_KEY there first",
  );

const HOUR_MS = 3_600_000;

async function createApp(
  target: Target,
  { org, env, port = 0, local = false }: ConnectOptions,
  json: boolean,
): Promise<void> {
  const { dir, apiUrl, hookUrl, pushes } = target;
  checkCredentialsFile(dir, env);
  const interrupts = catchInterrupts();
  const signal = AbortSignal.any([interrupts.signal, AbortSignal.timeout(HOUR_MS)]);
  const web = webAddress(apiUrl);
  let app: CreatedApp | undefined;
  await serveManifestPage({
    port,
    action: `${web}${org === undefined ? "" : `/organizations/${org}`}/settings/apps/new`,
    owner: org === undefined ? "your account" : `the organization ${org}`,
    signal,
    manifest: (redirectUrl) =>
      appManifest({
        name: appName(org ?? "", env === "production" ? "" : env === "development" ? "local" : env),
        ...{ hookUrl, redirectUrl, pushes },
      }),
    onServing(url) {
      const line = `open ${url} in a browser to create the App`;
      if (json) printMessage(line);
      else process.stdout.write(`${line}\n`);
    },
    async onCode(code) {
      app = await convertCode(apiUrl, code);
      storeCredentials(dir, env, app);
      return { slug: app.slug, installUrl: installUrl(app) };
    },
  });
  interrupts.release();
  if (app !== undefined) printOutcome(target, app, { json, local });
}

const installUrl = ({ html_url }: CreatedApp): string => `${html_url}/installations/new`;

interface OutcomeOptions {
  readonly json: boolean;
  /** Whether deliveries are forwarded at once. */
  readonly local: boolean;
}

function printOutcome({ environment }: Target, app: CreatedApp, { json, local }: OutcomeOptions): void {
  const file = credentialsFile(environment);
  const left = [`install the App: ${installUrl(app)}`, ...nextCommands(environment, local)];
  if (json) {
    printJson({ app: { id: app.id, slug: app.slug, url: app.html_url }, stored_in: file, left });
    return;
  }
  const lines = [`the App ${app.slug} exists, and its credentials are in ${file}`, "left to do:"];
  process.stdout.write([...lines, ...left.map((line) => `  ${line}`), ""].join("\n"));
}

const nextCommands = (environment: EnvironmentName, local: boolean): string[] =>
  environment === "development"
    ? [
        "start the gateway, or start it again: npm start",
        ...(local ? [] : ["forward deliveries to it: npm run gateway -- connect --local"]),
      ]
    : [
        `give the Workers the credentials: npm run gateway -- provision --env ${environment}`,
        "if the producer has a webhook secret already, replace it by the one in the file:",
        `  ${putSecretCommand("GITHUB_WEBHOOK_SECRET", "producer", environment)}`,
        "deploy both Workers, if they are not deployed yet:",
        ...(["consumer", "producer"] as const).map((worker) => `  ${deployCommand(worker, environment)}`),
      ];

/** Until it is stopped. */
async function forwardHere(given: string | undefined, wrangler: WranglerProgram): Promise<void> {
  // Read again: the App may be new.
  const { settings, apiUrl } = await openTarget("development", given, wrangler);
  const {
    GITHUB_APP_ID: appId = "",
    GITHUB_APP_PRIVATE_KEY: privateKey,
    GITHUB_WEBHOOK_SECRET = "",
  } = settings;
  const url = given ?? localAddresses(readPorts(process.env)).CLOUDFLARE_WORKER_URL;
  const interrupts = catchInterrupts();
  printMessage(`forwarding GitHub's deliveries to ${url} until Ctrl-C`);
  await forwardDeliveries({
    github: createGitHub({ apiUrl, token: undefined, appId, privateKey }, fetch, () => new Date()),
    url,
    webhookSecret: GITHUB_WEBHOOK_SECRET,
    forwarded: openForwarded(readStateDir(process.env), appId, new Date()),
    signal: interrupts.signal,
    print: printMessage,
  });
  interrupts.release();
}
