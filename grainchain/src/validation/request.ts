import * as v from "valibot";
import { isCloneUrl } from "./clone-url.ts";
import { parseMemorySize } from "./memory-size.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const DEFAULT_MAX_MEMORY_BYTES = 512 * 1024 ** 2;
const MAX_PROJECT_CHARACTERS = 200;
const MAX_TEXT_CHARACTERS = 2048;
const MAX_KEY_CHARACTERS = 255;

const text = (maxCharacters: number) =>
  v.pipe(
    v.string("must be text"),
    v.maxLength(maxCharacters, `must have at most ${maxCharacters} characters`),
  );

const wholeNumber = (minimum: number, message: string) =>
  v.pipe(v.number(message), v.safeInteger(message), v.minValue(minimum, `must be at least ${minimum}`));

/** The key under which a sender can repeat a request without running it twice. */
export const RequestKeySchema = v.pipe(text(MAX_KEY_CHARACTERS), v.minLength(1, "must not be empty"));

const TextSchema = v.pipe(
  text(MAX_TEXT_CHARACTERS),
  v.check((value) => !value.includes("\0"), "must not contain NUL characters"),
);

const ProjectIdSchema = v.pipe(
  text(MAX_PROJECT_CHARACTERS),
  v.regex(
    /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/,
    "must be owner/repo of letters, digits, dots, dashes and underscores",
  ),
  v.check((id) => !id.split("/").some((part) => part === "." || part === ".."), "must not contain . or .."),
);

const MemoryLimitSchema = v.pipe(
  v.union([v.string(), v.number()], "must be text such as 512MB"),
  v.transform(parseMemorySize),
  v.number("must be a size such as 512MB or 1GB, or 0 for no limit"),
);

const RequestSchema = v.object(
  {
    project_id: ProjectIdSchema,
    pr_number: wholeNumber(0, "must be a whole number"),
    pr_url: TextSchema,
    head_sha: v.pipe(
      v.string("must be text"),
      v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "must be 40 or 64 lower-case hexadecimal digits"),
    ),
    base_sha: TextSchema,
    /** Holds a capability: it is for the callback alone, never for a log, an error or an answer. */
    webhook_url: v.pipe(
      TextSchema,
      v.check(isWebhookUrl, "must be an http or https URL without credentials"),
    ),
    client_request_id: v.nullish(RequestKeySchema),
    /** False for a change that nobody with access to the repository has made or approved. */
    trusted: v.nullish(v.boolean("must be true or false"), true),
    timeout_ms: v.nullish(wholeNumber(1, "must be a whole number of milliseconds"), DEFAULT_TIMEOUT_MS),
    /** In bytes; 0 means no limit. */
    max_memory: v.nullish(MemoryLimitSchema, DEFAULT_MAX_MEMORY_BYTES),
    /** The gateway sends an empty one if GitHub did not name any. */
    clone_url: v.nullish(
      v.pipe(
        v.string("must be text"),
        v.check(
          (url) => url === "" || isCloneUrl(url),
          "must be an https, http or ssh URL (or git@host:path) without a query",
        ),
      ),
    ),
  },
  (issue) => (issue.path === undefined ? "the request must be an object" : "is missing"),
);

/** A checked request for a validation, with its defaults. */
export type ValidationRequest = v.InferOutput<typeof RequestSchema>;

export type RequestReading =
  | { kind: "request"; request: ValidationRequest }
  | { kind: "invalid"; message: string };

/** Reads one request of a trigger. A refusal names every wrong field and repeats no value. */
export function readRequest(data: unknown, maxTimeoutMs: number): RequestReading {
  const parsed = v.safeParse(RequestSchema, data);
  if (!parsed.success) {
    const problems = parsed.issues.map((issue) => `${v.getDotPath(issue) ?? ""} ${issue.message}`.trim());
    return { kind: "invalid", message: problems.join("; ") };
  }
  const request = parsed.output;
  return {
    kind: "request",
    request: { ...request, timeout_ms: Math.min(request.timeout_ms, maxTimeoutMs) },
  };
}

/** The `client_request_id` of a request whose other fields may be wrong. */
export function readClientRequestId(data: unknown): string | undefined {
  const parsed = v.safeParse(v.object({ client_request_id: RequestKeySchema }), data);
  return parsed.success ? parsed.output.client_request_id : undefined;
}

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, username, password } = new URL(text);
  return /^https?:$/.test(protocol) && username === "" && password === "";
}
