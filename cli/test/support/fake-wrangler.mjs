/**
 * A Wrangler for tests: it knows the commands that provisioning uses, exactly, and works on an account that is kept in a
 * JSON file (FAKE_WRANGLER_STATE). What it is asked for is appended to FAKE_WRANGLER_CALLS. It prints what Wrangler
 * 4.164 printed when it was tried, and refuses any other command, and any secret in its arguments or environment.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";

const { FAKE_WRANGLER_STATE: stateFile = "", FAKE_WRANGLER_CALLS: callsFile = "" } = process.env;
const state = JSON.parse(readFileSync(stateFile, "utf8"));
const loaded = JSON.stringify(state);
/** Commands that only read run side by side. */
function save() {
  if (JSON.stringify(state) === loaded) return;
  writeFileSync(`${stateFile}.new`, JSON.stringify(state, null, 2));
  renameSync(`${stateFile}.new`, stateFile);
}
const args = process.argv.slice(2);
const line = args.join(" ");
const input = await text(process.stdin);
appendFileSync(callsFile, `${JSON.stringify({ args, input })}\n`);

const red = (message) =>
  `\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m \u001b[1m${message}\u001b[0m`;

function fail(message, ...explanation) {
  const logs =
    '🪵  Logs were written to "/home/ada/.config/.wrangler/logs/wrangler-2026-11-24_00-51-16_991.log"';
  process.stderr.write(
    [red(message), "", ...explanation.map((one) => `  ${one}`), "", "", logs, ""].join("\n"),
  );
  process.exit(1);
}

/** As with `--json`. */
function failJson(message, ...notes) {
  const error = {
    text: message,
    notes: notes.map((one) => ({ text: one })),
    kind: "error",
    name: "APIError",
  };
  console.log(`\n${JSON.stringify({ error }, null, 2)}`);
  process.exit(1);
}

const SECRETS =
  /^(GITHUB_(WEBHOOK_SECRET\w*|TOKEN|APP_ID|APP_PRIVATE_KEY)|GRAINCHAIN_(CALLBACK_SECRET|API_KEY)|(OPERATOR|READER)_TOKEN|ALERT_\w+)$/;
const leaked = Object.keys(process.env).filter((name) => SECRETS.test(name) && process.env[name]);
if (leaked.length > 0) fail(`secrets in its environment: ${leaked.join(", ")}`);
const kept = Object.values(state.workers).flatMap((worker) => Object.values(worker.secrets));
if (args.some((arg) => /[\w-]{43}/.test(arg) || kept.some((secret) => arg.includes(secret))))
  fail("a secret in its arguments");
if (process.env.CI !== "true") fail("it would ask questions");

if (line === "--version") {
  console.log(state.wranglerVersion ?? "4.164.0");
  process.exit();
}
const isLocal = args.includes("--local");
if (!isLocal && process.env.CLOUDFLARE_API_TOKEN !== state.token) {
  fail("A request to the Cloudflare API failed.", "Authentication error [code: 10000]");
}

const broken = state.broken?.find(({ on, times }) => times > 0 && line.startsWith(on));
if (broken !== undefined) {
  broken.times -= 1;
  save();
  if (broken.hangs) await new Promise((resolve) => setTimeout(resolve, 600_000));
  if (broken.json) failJson("A request to the Cloudflare API failed.", broken.problem);
  // With "after" it is done all the same, and the answer is lost.
  if (!broken.after) fail("A request to the Cloudflare API failed.", broken.problem);
}

/** The Worker that a configuration file and an environment name. */
const workerName = (file, env) => `webhook-gateway-${file.replace(/^wrangler\.|\.toml$/g, "")}-${env}`;

function databaseIdIn(file, env) {
  const table = readFileSync(file, "utf8").split(`[[env.${env}.d1_databases]]`)[1] ?? "";
  return /database_id = "([^"]*)"/.exec(table)?.[1];
}

const worker = (name) => {
  state.workers[name] ??= { secrets: {} };
  return state.workers[name];
};

const COMMANDS = [
  [
    /^d1 list --json$/,
    () =>
      console.log(
        JSON.stringify(
          state.databases.map(({ uuid, name }) => ({ uuid, name })),
          null,
          2,
        ),
      ),
  ],
  [
    /^d1 execute (\S+) (?:--remote|-c \S+ --env development --local --persist-to \S+) --json --command SELECT name FROM d1_migrations$/,
    ([name]) => {
      const found = state.databases.find((one) => one.name === name);
      if (found === undefined)
        return failJson(`Couldn't find a D1 DB with name or binding '${name}' in your config or the API.`);
      if (found.applied === null) {
        return failJson(
          "A request to the Cloudflare API failed.",
          "no such table: d1_migrations: SQLITE_ERROR [code: 7500]",
        );
      }
      console.log(JSON.stringify([{ results: found.applied.map((one) => ({ name: one })), success: true }]));
    },
  ],
  [
    /^d1 create (\S+)$/,
    ([name]) => {
      if (state.databases.some((one) => one.name === name)) fail("A database with that name already exists");
      state.databases.push({ uuid: crypto.randomUUID(), name, applied: null });
      console.log(`✅ Successfully created DB '${name}'`);
    },
  ],
  [
    /^d1 migrations apply (\S+) -c (wrangler\.\w+\.toml) --env (\w+) --remote$/,
    ([name, file, env]) => {
      const found = state.databases.find((one) => one.name === name && one.uuid === databaseIdIn(file, env));
      if (found === undefined)
        return fail(
          "A request to the Cloudflare API failed.",
          "The database could not be found [code: 7404]",
        );
      found.applied = [...state.migrations];
      console.log("Migrations to be applied: …");
    },
  ],
  [
    /^queues create (\S+)(?: --message-retention-period-secs (\d+))?$/,
    ([name, seconds]) => {
      if (state.queues.some((one) => one.name === name)) {
        fail(
          "A request to the Cloudflare API (/accounts/acc/queues) failed.",
          `Queue name '${name}' is already taken. [code: 11009]`,
        );
      }
      if (Number(seconds ?? 0) > state.maxRetention) fail("The specified queue settings are invalid.");
      state.queues.push({ name, retention: Number(seconds ?? 345_600), consumers: [] });
      console.log(`✅ Created queue '${name}'`);
    },
  ],
  [
    /^queues update (\S+) --message-retention-period-secs (\d+)$/,
    ([name, seconds]) => {
      const found = state.queues.find((one) => one.name === name);
      if (found === undefined) return fail(`Queue "${name}" does not exist.`);
      found.retention = Number(seconds);
    },
  ],
  [
    /^queues consumer worker remove (\S+) (\S+)$/,
    ([name, script]) => {
      const found = state.queues.find((one) => one.name === name);
      if (!found?.consumers.some((one) => one.script === script))
        fail(`No worker consumer '${script}' exists for queue ${name}`);
      found.consumers = found.consumers.filter((one) => one.script !== script);
    },
  ],
  [
    /^secret list --format json -c (wrangler\.\w+\.toml) --env (\w+)$/,
    ([file, env]) => {
      const name = workerName(file, env);
      const found = state.workers[name];
      if (found === undefined) {
        return fail(
          `Worker "${name}" (env: ${env}) not found.`,
          "",
          "If this is a new Worker, run `wrangler deploy` first to create it.",
        );
      }
      console.log(
        JSON.stringify(
          Object.keys(found.secrets).map((one) => ({ name: one, type: "secret_text" })),
          null,
          2,
        ),
      );
    },
  ],
  [
    /^secret bulk -c (wrangler\.\w+\.toml) --env (\w+)$/,
    ([file, env]) => Object.assign(worker(workerName(file, env)).secrets, JSON.parse(input)),
  ],
];

const found = COMMANDS.find(([pattern]) => pattern.test(line));
if (found === undefined) fail(`this fake knows no command "${line}"`);
const [pattern, perform] = found;
perform(pattern.exec(line).slice(1));
save();
if (broken?.after) fail("fetch failed");
