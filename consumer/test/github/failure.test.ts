import { request } from "@octokit/request";
import { createGitHub } from "@webhook-gateway/shared/github/client.ts";
import { type GitHubFailureClass, githubFailure, quotaOf } from "@webhook-gateway/shared/github/failure.ts";
import { CredentialsError } from "@webhook-gateway/shared/github/private-key.ts";
import { expect, test } from "vitest";

const NOW = Date.UTC(2026, 10, 1, 12);
const SECOND = 1000;

/** What the library throws. */
async function thrownWith(fetcher: typeof fetch): Promise<unknown> {
  try {
    await request("POST https://api.github.test/x", {
      headers: { authorization: "bearer s3cret" },
      request: { fetch: fetcher },
    });
  } catch (thrown) {
    return thrown;
  }
  throw new Error("nothing was thrown");
}

const refused = (
  status: number,
  headers: Readonly<Record<string, string>>,
  message: string,
): Promise<unknown> =>
  thrownWith(async () =>
    status === 304
      ? new Response(null, { status, headers })
      : new Response(JSON.stringify({ message }), {
          status,
          headers: { "content-type": "application/json; charset=utf-8", ...headers },
        }),
  );

const inSeconds = (seconds: number): string => String(NOW / SECOND + seconds);
const remaining = (seconds: number) => ({
  "x-ratelimit-remaining": "0",
  "x-ratelimit-reset": inSeconds(seconds),
});
const SECONDARY = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.";
const PRIMARY = "API rate limit exceeded for installation ID 1.";

test.each<[number, Record<string, string>, string, GitHubFailureClass, number | undefined]>([
  // Limits: when may it be asked again, in seconds.
  [403, { "retry-after": "30" }, SECONDARY, "limited", 30],
  [403, { "retry-after": "30", ...remaining(900) }, SECONDARY, "limited", 30],
  [429, { "retry-after": "7" }, SECONDARY, "limited", 7],
  [403, { "retry-after": "Sun, 01 Nov 2026 12:00:45 GMT" }, SECONDARY, "limited", 45],
  [403, { "retry-after": "nonsense" }, SECONDARY, "limited", 60],
  [403, { "retry-after": "0" }, SECONDARY, "limited", 60],
  [403, { "retry-after": "-5" }, SECONDARY, "limited", 60],
  [403, { "retry-after": "3600" }, SECONDARY, "limited", 3600],
  [403, { "retry-after": "86400" }, SECONDARY, "limited", 3900],
  [403, { "retry-after": "99999999" }, SECONDARY, "limited", 3900],
  [403, { "retry-after": "Fri, 31 Dec 9999 23:59:59 GMT" }, SECONDARY, "limited", 3900],
  [403, { "retry-after": "Thu, 01 Jan 2026 00:00:00 GMT" }, SECONDARY, "limited", 60],
  [403, { "retry-after": "1e99" }, SECONDARY, "limited", 60],
  [403, { "retry-after": "NaN" }, SECONDARY, "limited", 60],
  [403, {}, SECONDARY, "limited", 60],
  [429, {}, "slow down", "limited", 60],
  [403, {}, "You have triggered an abuse detection mechanism.", "limited", 60],
  [403, remaining(600), PRIMARY, "limited", 600],
  [429, remaining(600), PRIMARY, "limited", 600],
  [403, remaining(-10), PRIMARY, "limited", 1],
  // A clock that is behind GitHub's sees the end of the hour further away.
  [403, remaining(3720), PRIMARY, "limited", 3720],
  [403, remaining(90_000), PRIMARY, "limited", 3900],
  [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1e99" }, PRIMARY, "limited", 60],
  [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "-5" }, PRIMARY, "limited", 60],
  [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "" }, PRIMARY, "limited", 60],
  [403, { "x-ratelimit-remaining": "0" }, PRIMARY, "limited", 60],
  [403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon" }, PRIMARY, "limited", 60],
  // What is none, though it looks like one.
  [
    403,
    { "x-ratelimit-remaining": "4999" },
    "Resource not accessible by integration",
    "permission",
    undefined,
  ],
  [422, remaining(600), "Validation Failed", "permanent", undefined],
  [503, { "retry-after": "30" }, "unicorn", "retryable", undefined],
  // All others.
  [401, {}, "Bad credentials", "credentials", undefined],
  [403, {}, "Resource not accessible by integration", "permission", undefined],
  [404, {}, "Not Found", "missing", undefined],
  [410, {}, "Gone", "missing", undefined],
  [451, {}, "Repository access blocked", "missing", undefined],
  [400, {}, "Problems parsing JSON", "permanent", undefined],
  [409, {}, "Conflict", "permanent", undefined],
  [422, {}, "Validation Failed", "permanent", undefined],
  [422, {}, "The permissions requested are not granted to this installation.", "permission", undefined],
  [304, {}, "Not modified", "retryable", undefined],
  [408, {}, "Request Timeout", "retryable", undefined],
  [500, {}, "Server Error", "retryable", undefined],
  [502, {}, "<html><h1>502 Bad Gateway</h1></html>", "retryable", undefined],
  [504, {}, "Gateway Timeout", "retryable", undefined],
])("%i with %j, %s: %s", async (status, headers, message, name, seconds) => {
  expect(githubFailure(await refused(status, headers, message), NOW)).toEqual({
    class: name,
    error: status === 304 ? "HTTP 304: Not modified" : `HTTP ${status}: ${message}`,
    ...(seconds === undefined
      ? {}
      : { limitedUntilMs: NOW + seconds * SECOND, secondary: message !== PRIMARY }),
  });
});

const failing = (thrown: unknown) => thrownWith(() => Promise.reject(thrown));

test.each<[string, Promise<unknown>, string]>([
  [
    "what never reached a server, though the library calls it a 500,",
    failing(new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") })),
    "no answer from GitHub: HttpError: connect ECONNREFUSED",
  ],
  [
    "a timeout",
    failing(new DOMException("The operation timed out.", "TimeoutError")),
    "no answer from GitHub: HttpError: The operation timed out.",
  ],
  [
    "a rejection with something else than an error",
    Promise.resolve("s3cret"),
    "no answer from GitHub: unknown error",
  ],
])("%s is tried again", async (_, thrown, error) => {
  expect(githubFailure(await thrown, NOW)).toEqual({ class: "retryable", error });
});

test("an answer without JSON is quoted", async () => {
  const html = "<html><h1>502 Bad Gateway</h1></html>";
  const thrown = await thrownWith(
    async () => new Response(html, { status: 502, headers: { "content-type": "text/html" } }),
  );
  expect(githubFailure(thrown, NOW)).toEqual({ class: "retryable", error: `HTTP 502: ${html}` });
});

test("a key that cannot be used is for the operator, in its own words", () => {
  const thrown = new CredentialsError("GITHUB_APP_PRIVATE_KEY is damaged");
  expect(githubFailure(thrown, NOW)).toEqual({
    class: "credentials",
    error: "GITHUB_APP_PRIVATE_KEY is damaged",
  });
});

test("keeps 2 KiB of what was said, and nothing of the request", async () => {
  const { error } = githubFailure(await refused(422, {}, "€".repeat(5000)), NOW);
  expect(new TextEncoder().encode(error).byteLength).toBeLessThanOrEqual(2048);
  expect(JSON.stringify(githubFailure(await refused(500, {}, "no"), NOW))).not.toContain("s3cret");
});

test.each<[string, Record<string, string>, ReturnType<typeof quotaOf>]>([
  ["all of it", {}, { limit: 15_000, remaining: 14_000, resetMs: NOW + 600 * SECOND }],
  ["nothing left", { remaining: "0" }, { limit: 15_000, remaining: 0, resetMs: NOW + 600 * SECOND }],
  [
    "a reset that is over",
    { reset: inSeconds(-5) },
    { limit: 15_000, remaining: 14_000, resetMs: NOW - 5000 },
  ],
  [
    "a reset that is too far away",
    { reset: inSeconds(90_000) },
    { limit: 15_000, remaining: 14_000, resetMs: NOW + 3900 * SECOND },
  ],
  ["no limit", { limit: "" }, undefined],
  ["no number", { remaining: "many" }, undefined],
  ["no reset", { reset: "-1" }, undefined],
])("reads the quota of an answer with %s", (_, given, quota) => {
  const told = { limit: "15000", remaining: "14000", reset: inSeconds(600), ...given };
  const headers = Object.entries(told).map(([name, value]) => [`x-ratelimit-${name}`, value]);
  expect(quotaOf(Object.fromEntries(headers), NOW)).toEqual(quota);
});

test.each([
  ["that has changed", 200, undefined],
  ["that has not", 304, '"etag"'],
])("the answer about a list %s tells what is left", async (_, status, etag) => {
  const config = {
    apiUrl: "https://api.github.test",
    token: "s3cret",
    appId: undefined,
    privateKey: undefined,
  };
  const headers = {
    "x-ratelimit-limit": "5000",
    "x-ratelimit-remaining": "1",
    "x-ratelimit-reset": inSeconds(9),
  };
  const fetcher = async () => new Response(status === 304 ? null : "[]", { status, headers });
  const github = createGitHub(config, fetcher, () => new Date(NOW));
  expect(await github.call({ kind: "token" }, "GET /user/repos", {}, etag)).toMatchObject({
    ...{ ok: true, unchanged: status === 304 },
    quota: { limit: 5000, remaining: 1, resetMs: NOW + 9 * SECOND },
  });
});
