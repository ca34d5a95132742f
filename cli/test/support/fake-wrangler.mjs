/**
 * A Wrangler for tests: it knows the commands that provisioning uses, exactly, and works on an account that is kept in a
 * JSON file (FAKE_WRANGLER_STATE). What it is asked for is appended to FAKE_WRANGLER_CALLS. It prints what Wrangler
 * 4.164 printed when it was tried, and refuses any other command, and any secret in its arguments or environment.
 *
 * It runs in the test's own process, or as a program: what starts and ends is tested by that, and costs more.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { text } from "node:stream/consumers";

const red = (message) =>
  `\u001b[31m✘ \u001b[41;31m[\u001b[41;97mERROR\u001b[41;31m]\u001b[0m \u001b[1m${message}\u001b[0m`;

const SECRETS =
  /^(GITHUB_(WEBHOOK_SECRET\w*|TOKEN|APP_ID|APP_PRIVATE_KEY)|GRAINCHAIN_(CALLBACK_SECRET|API_KEY)|(OPERATOR|READER)_TOKEN|ALERT_\w+)$/;

/** The Worker that a configuration file and an environment name. */
const workerName = (file, env) => `webhook-gateway-${file.replace(/^wrangler\.|\.toml$/g, "")}-${env}`;

/** It has said why. */
class Ended extends Error {}

/**
 * @param {readonly string[]} args
 * @param {{ cwd: string, env: NodeJS.ProcessEnv, input: string }} start
 * @returns {Promise<{ code: number, stdout: string, stderr: string }>}
 */
export async function fakeWrangler(args, { cwd, env, input }) {
  let stdout = "";
  let stderr = "";
  const print = (line) => {
    stdout += `${line}\n`;
  };
  async function perform() {
    const { FAKE_WRANGLER_STATE: stateFile = "", FAKE_WRANGLER_CALLS: callsFile = "" } = env;
    const state = JSON.parse(readFileSync(stateFile, "utf8"));
    const loaded = JSON.stringify(state);
    /** Commands that only read run side by side. */
    function save() {
      if (JSON.stringify(state) === loaded) return;
      writeFileSync(`${stateFile}.new`, JSON.stringify(state, null, 2));
      renameSync(`${stateFile}.new`, stateFile);
    }
    const line = args.join(" ");
    appendFileSync(callsFile, `${JSON.stringify({ args, input })}\n`);

    function fail(message, ...explanation) {
      const logs =
        '🪵  Logs were written to "/home/ada/.config/.wrangler/logs/wrangler-2026-11-24_00-51-16_991.log"';
      stderr += [red(message), "", ...explanation.map((one) => `  ${one}`), "", "", logs, ""].join("\n");
      throw new Ended();
    }

    /** As with `--json`. */
    function failJson(message, ...notes) {
      const error = {
        text: message,
        notes: notes.map((one) => ({ text: one })),
        kind: "error",
        name: "APIError",
      };
      print(`\n${JSON.stringify({ error }, null, 2)}`);
      throw new Ended();
    }

    const leaked = Object.keys(env).filter((name) => SECRETS.test(name) && env[name]);
    if (leaked.length > 0) fail(`secrets in its environment: ${leaked.join(", ")}`);
    const kept = Object.values(state.workers).flatMap((worker) => Object.values(worker.secrets));
    if (args.some((arg) => /[\w-]{43}/.test(arg) || kept.some((secret) => arg.includes(secret))))
      fail("a secret in its arguments");
    if (env.CI !== "true") fail("it would ask questions");

    if (line === "--version") {
      print(state.wranglerVersion ?? "4.164.0");
      return;
    }
    const isLocal = args.includes("--local");
    if (!isLocal && env.CLOUDFLARE_API_TOKEN !== state.token) {
      fail("A request to the Cloudflare API failed.", "Authentication error [code: 10000]");
    }

    const broken = state.broken?.find(({ on, times }) => times > 0 && line.startsWith(on));
    if (broken !== undefined) {
      broken.times -= 1;
      save();
      if (broken.hangs) await new Promise((resolve) => setTimeout(resolve, 600_000));
      if (broken.json) failJson("A request to the Cloudflare API failed.", broken.problem);
      // With "after" it is done nevertheless, and the answer is lost.
      if (!broken.after) fail("A request to the Cloudflare API failed.", broken.problem);
    }

    function databaseIdIn(file, env) {
      const table =
        readFileSync(path.resolve(cwd, file), "utf8").split(`[[env.${env}.d1_databases]]`)[1] ?? "";
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
          print(
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
            return failJson(
              `Couldn't find a D1 DB with name or binding '${name}' in your config or the API.`,
            );
          if (found.applied === null) {
            return failJson(
              "A request to the Cloudflare API failed.",
              "no such table: d1_migrations: SQLITE_ERROR [code: 7500]",
            );
          }
          print(JSON.stringify([{ results: found.applied.map((one) => ({ name: one })), success: true }]));
        },
      ],
      [
        /^d1 execute \S+ (?:--remote|-c \S+ --env development --local --persist-to \S+) --json --command SELECT .* AS repository,/s,
        () => print(JSON.stringify([{ results: state.repositories ?? [], success: true }])),
      ],
      [
        /^d1 create (\S+)(?: --location (?:weur|eeur|apac|oc|wnam|enam))?$/,
        ([name]) => {
          if (state.databases.some((one) => one.name === name))
            fail("A database with that name already exists");
          state.databases.push({ uuid: crypto.randomUUID(), name, applied: null });
          print(`✅ Successfully created DB '${name}'`);
        },
      ],
      [
        /^d1 migrations apply (\S+) -c (wrangler\.\w+\.toml) --env ([\w-]+) --remote$/,
        ([name, file, env]) => {
          const found = state.databases.find(
            (one) => one.name === name && one.uuid === databaseIdIn(file, env),
          );
          if (found === undefined)
            return fail(
              "A request to the Cloudflare API failed.",
              "The database could not be found [code: 7404]",
            );
          found.applied = [...state.migrations];
          print("Migrations to be applied: …");
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
          print(`✅ Created queue '${name}'`);
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
        /^r2 bucket create (\S+)(?: --location (?:weur|eeur|apac|oc|wnam|enam))?$/,
        ([name]) => {
          if (state.buckets.some((one) => one.name === name))
            fail(
              "A request to the Cloudflare API failed.",
              "The bucket you tried to create already exists. [code: 10004]",
            );
          state.buckets.push({ name, rules: [] });
          print(`✅ Created bucket '${name}' with default storage class of Standard.`);
        },
      ],
      [
        /^r2 bucket lifecycle remove (\S+) --name (\S+)$/,
        ([name, id]) => {
          const found = state.buckets.find((one) => one.name === name);
          if (!found?.rules.some((one) => one.id === id))
            return fail(`Lifecycle rule with ID '${id}' not found in configuration for '${name}'.`);
          found.rules = found.rules.filter((one) => one.id !== id);
        },
      ],
      [
        /^r2 bucket lifecycle add (\S+) (\S+) (\S+) --expire-days (\d+) --force$/,
        ([name, id, prefix, days]) => {
          const found = state.buckets.find((one) => one.name === name);
          if (found === undefined)
            return fail(
              "A request to the Cloudflare API failed.",
              "The specified bucket does not exist. [code: 10006]",
            );
          found.rules.push({ id, prefix, days: Number(days) });
        },
      ],
      [
        /^secret list --format json -c (wrangler\.\w+\.toml) --env ([\w-]+)$/,
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
          print(
            JSON.stringify(
              Object.keys(found.secrets).map((one) => ({ name: one, type: "secret_text" })),
              null,
              2,
            ),
          );
        },
      ],
      [
        /^secret bulk -c (wrangler\.\w+\.toml) --env ([\w-]+)$/,
        ([file, env]) => Object.assign(worker(workerName(file, env)).secrets, JSON.parse(input)),
      ],
    ];

    const found = COMMANDS.find(([pattern]) => pattern.test(line));
    if (found === undefined) fail(`this fake knows no command "${line}"`);
    const [pattern, act] = found;
    act(pattern.exec(line).slice(1));
    save();
    if (broken?.after) fail("fetch failed");
  }
  try {
    await perform();
    return { code: 0, stdout, stderr };
  } catch (thrown) {
    if (!(thrown instanceof Ended)) throw thrown;
    return { code: 1, stdout, stderr };
  }
}

if (process.argv[1] === import.meta.filename) {
  const start = { cwd: process.cwd(), env: process.env, input: await text(process.stdin) };
  const { code, stdout, stderr } = await fakeWrangler(process.argv.slice(2), start);
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  process.exitCode = code;
}
