/**
 * Does Grainchain answer from here, and is its API where GRAINCHAIN_API_PREFIX says? What the consumer last saw of it is in
 * the gateway's own health.
 */
import * as v from "valibot";
import type { HttpAnswer } from "../api/http.ts";
import { GatewayError } from "../exit.ts";
import { isExample } from "../project/project.ts";
import { unknownSecret } from "../project/secret-names.ts";
import { type Check, Unchecked } from "./check.ts";
import type { CheckContext } from "./context.ts";
import { fail, ok, type Report, warn } from "./finding.ts";
import { getJson } from "./http.ts";

/** No server has a validation of this id. */
const UNKNOWN_ID = "doctor";

export const grainchainCheck = (context: CheckContext): Check => ({
  name: "Grainchain",
  async run(signal) {
    const { GRAINCHAIN_API_URL, GRAINCHAIN_API_PREFIX } = context.consumerConfig();
    const url = GRAINCHAIN_API_URL.replace(/\/+$/, "");
    if (isExample(url)) throw new Unchecked("GRAINCHAIN_API_URL is still an example", "set your own");
    const fix = `start Grainchain, or set GRAINCHAIN_API_URL; to try from elsewhere: curl -i ${url}/health`;
    try {
      const { status } = await getJson(`${url}/health`, signal);
      // A server need not have it.
      if (!isOk(status) && status !== 404) return [fail(`${url}/health answers ${status}`, fix)];
      return [await checkApi(url, `${url}${GRAINCHAIN_API_PREFIX}`, keyOf(context), signal)];
    } catch (thrown) {
      if (!(thrown instanceof GatewayError)) throw thrown;
      return [fail(thrown.message, fix)];
    }
  },
});

const STATUS_FIX = "let the server answer it, as docs/grainchain-api.md describes";

const isOk = (status: number): boolean => status >= 200 && status < 300;

/** Undefined: not known here. Null: none is configured. */
function keyOf({ isLocal, values }: CheckContext): string | null | undefined {
  const { GRAINCHAIN_API_KEY: key } = values("consumer");
  if (key) return key === unknownSecret("GRAINCHAIN_API_KEY") ? undefined : key;
  // `npm start` makes one for the embedded Grainchain.
  return isLocal ? undefined : null;
}

/** Asks about a validation that does not exist. */
async function checkApi(
  url: string,
  base: string,
  key: string | null | undefined,
  signal: AbortSignal,
): Promise<Report> {
  const headers = key ? { authorization: `Bearer ${key}` } : {};
  const address = `${base}/${UNKNOWN_ID}/status`;
  const answer = await getJson(address, signal, headers);
  const { status } = answer;
  if (status === 401 || status === 403) return keyFinding(url, address, status, key);
  if (isOfGrainchain(answer)) return ok(`${url} answers, and so does its API`);
  if (status !== 404 && !isOk(status)) return warn(`${address} answers ${status}`, null);
  const trigger = await getJson(`${base}/trigger`, signal, headers);
  const lacksStatus = `${url} answers, but has no …/status: a lost callback loses the result`;
  if (trigger.status !== 404 && !isOk(trigger.status)) return warn(lacksStatus, STATUS_FIX);
  return fail(
    `${address} returned ${status}: no Grainchain API at this path`,
    "set GRAINCHAIN_API_PREFIX to the path of its API (CodegenApp's server has /api/v1/webhook/validation)",
  );
}

function keyFinding(url: string, address: string, status: number, key: string | null | undefined): Report {
  if (key === undefined) return ok(`${url} answers, and its API requires a key`);
  const what = `${address} answers ${status}: ${key === null ? "GRAINCHAIN_API_KEY is not set" : "GRAINCHAIN_API_KEY is wrong"}`;
  return fail(what, "set GRAINCHAIN_API_KEY to the key that Grainchain expects");
}

const text = v.pipe(v.string(), v.minLength(1));
const knownStatus = v.object({ status: text });
/** As CodegenApp's servers say it, as the embedded one does, and two more. */
const explained = v.union([
  v.pipe(
    v.object({ detail: text }),
    v.transform(({ detail }) => detail),
  ),
  v.pipe(
    v.object({ error: v.object({ message: text }) }),
    v.transform(({ error }) => error.message),
  ),
  v.pipe(
    v.object({ message: text }),
    v.transform(({ message }) => message),
  ),
  v.pipe(
    v.object({ error: text }),
    v.transform(({ error }) => error),
  ),
]);

/** Whether an answer is about a validation. What a framework says about a path that it does not have is not. */
function isOfGrainchain({ status, body }: HttpAnswer): boolean {
  if (isOk(status)) return v.is(knownStatus, body);
  if (status === 400 || status === 422) return true;
  if (status !== 404) return false;
  const reason = v.safeParse(explained, body);
  return reason.success && !/^not found\.?$/i.test(reason.output.trim());
}
