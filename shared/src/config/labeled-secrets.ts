/** `GITHUB_WEBHOOK_SECRETS`: more webhook secrets by label, each for every repository or for some. */
import * as v from "valibot";
import { byteLength } from "../text/text.ts";
import { hasWhitespaceAround, type WebhookSecret } from "./secret.ts";

/** The globs of one entry travel with each of its facts, which have 4 KiB in all. */
const MAX_GLOBS_BYTES = 1024;

/**
 * A glob over `owner/repo`. One without a slash would match nothing. One that starts with `!` matches everything else, and
 * is not an exception to the others of its list.
 */
const glob = v.pipe(v.string(), v.regex(/^(?:\*\*|[^!\s/][^\s/]*\/[^\s/]+)$/));

const bound = v.strictObject({
  secret: v.pipe(v.string(), v.minLength(1)),
  repositories: v.pipe(
    v.array(glob),
    v.minLength(1),
    v.check((globs) => byteLength(JSON.stringify(globs)) <= MAX_GLOBS_BYTES),
  ),
});

/** Labels appear in logs, rows and counts, so they say which secret without saying the secret. */
const byLabel = v.record(
  v.pipe(v.string(), v.regex(/^[\w.-]{1,64}$/)),
  v.union([v.pipe(v.string(), v.minLength(1)), bound]),
);
type SecretsByLabel = v.InferOutput<typeof byLabel>;

/** The labels of the two secrets that have names of their own. */
const TAKEN = ["current", "previous"] as const;

const secretOf = (entry: SecretsByLabel[string]): string =>
  typeof entry === "string" ? entry : entry.secret;

/** The JSON text of the variable; none if it is empty. */
export const labeledSecrets = v.pipe(
  v.optional(v.string(), ""),
  v.transform((text) => (text === "" ? "{}" : text)),
  v.parseJson(),
  // Judged as a whole: an error that names one entry would show its label, which may be a misplaced secret.
  v.custom<SecretsByLabel>((given) => !Array.isArray(given) && v.is(byLabel, given)),
  v.check(
    (given) => !Object.values(given).some((entry) => hasWhitespaceAround(secretOf(entry))),
    "an entry has whitespace around it",
  ),
  // Otherwise nobody could tell which of two secrets a log line or a count refers to.
  v.check((given) => !TAKEN.some((label) => Object.hasOwn(given, label)), "a label that another secret has"),
  v.transform((given) =>
    Object.entries(given).map(
      ([label, entry]): WebhookSecret =>
        typeof entry === "string" ? { label, secret: entry } : { label, ...entry },
    ),
  ),
);

/** Whether a secret that is bound to repositories is in force once more, bound to others or to none. */
export const isBoundInVain = (secrets: readonly WebhookSecret[]): boolean =>
  secrets.some(
    (one) =>
      one.repositories !== undefined && secrets.some((other) => other !== one && other.secret === one.secret),
  );
