/** What must hold for every answer of the Workers, whatever was sent. */
import { SECRETS } from "../../support/gateway.ts";
import { type Answer, type Attack, hmac, MARKER } from "./attack.ts";
import { documentedStatuses, isPage } from "./documented.ts";

/** The location in a stack trace. */
const STACK =
  /\bat (?:async )?[\w.$<>]* ?\(?(?:file:|\/|[\w-]+:\/\/)[^\s)]+:\d+|node_modules|producer\/src|\.ts:\d+/;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** @returns what is wrong with an answer; empty if nothing is */
export function problemsOf(attack: Attack, answer: Answer): string[] {
  const { method, path } = attack;
  const { status, headers, text } = answer;
  const problems: string[] = [];
  const check = (holds: boolean, problem: string): void => {
    if (!holds) problems.push(problem);
  };
  check(documentedStatuses(method, path).includes(status), `${status} is not documented`);
  check(
    /^[\w-]{8,}$/.test(String(headers["x-request-id"] ?? "")),
    "no x-request-id: not the Worker's answer",
  );
  check(headers["x-content-type-options"] === "nosniff", "no nosniff");
  check(headers["referrer-policy"] === "no-referrer", "no referrer policy");
  if (status === 405) check(headers.allow !== undefined, "405 without Allow");
  if (status === 429) check(headers["retry-after"] !== undefined, "429 without Retry-After");
  if (isPage(path)) {
    check(String(headers["content-security-policy"]).includes("default-src 'none'"), "no policy for a page");
  } else if (text !== "") problems.push(...bodyProblems(answer));
  else check(method === "HEAD" || [302, 304].includes(status), "an answer without a body");
  const answered = JSON.stringify(headers) + text;
  problems.push(...leaksOf(answered).map((leak) => `the answer holds ${leak}`));
  check(!answered.includes(hmac(SECRETS.GITHUB_WEBHOOK_SECRET, attack.body)), "the answer holds a signature");
  return problems.map((problem) => `${method} ${path.slice(0, 200)}: ${problem}: ${text.slice(0, 300)}`);
}

function bodyProblems({ status, headers, text }: Answer): string[] {
  const type = String(headers["content-type"]);
  if (status === 200 && type.startsWith("application/openmetrics-text")) return [];
  if (!type.startsWith("application/json")) return [`the answer is ${type}`];
  const body: unknown = JSON.parse(text);
  if (status < 400) return [];
  const { success, error, request_id } = isObject(body) ? body : {};
  const { code, message } = isObject(error) ? error : {};
  const wellFormed =
    success === false &&
    request_id === headers["x-request-id"] &&
    /^[a-z_]+$/.test(String(code)) &&
    typeof message === "string" &&
    message.length < 1000;
  return wellFormed ? [] : ["the refusal is not in the documented form"];
}

/** What a text must not contain: secrets in any encoding, what was sent, locations in the code. */
export function leaksOf(text: string): string[] {
  const leaks = Object.entries(SECRETS).flatMap(([name, secret]) => {
    const bytes = Buffer.from(secret);
    const forms = [secret, bytes.toString("hex"), bytes.toString("base64").replace(/=+$/, "")];
    return forms.some((form) => text.includes(form)) ? [name] : [];
  });
  if (text.includes(MARKER)) leaks.push("sent text");
  const [place] = STACK.exec(text) ?? [];
  if (place !== undefined) leaks.push(`a location in the code: ${place}`);
  return leaks;
}
