import * as v from "valibot";
import { DEFAULT_MAX_MEMORY_BYTES, parseMemoryLimit } from "../sandbox/memory-limit.ts";
import { isCloneUrl } from "./clone-url.ts";

const DEFAULT_TIMEOUT_MS = 60_000;
const MAX_TEXT_CHARACTERS = 2048;
const MAX_KEY_CHARACTERS = 255;

/** A name under which the sender can repeat a request without running it twice. */
export const RequestKeySchema = v.pipe(
  v.string("must be text"),
  v.minLength(1, "must not be empty"),
  v.maxLength(MAX_KEY_CHARACTERS, `must have at most ${MAX_KEY_CHARACTERS} characters`),
);

const TextSchema = v.pipe(
  v.string("must be text"),
  v.maxLength(MAX_TEXT_CHARACTERS, `must have at most ${MAX_TEXT_CHARACTERS} characters`),
  v.check((text) => !text.includes("\0"), "must not contain NUL characters"),
);

const ProjectIdSchema = v.pipe(
  v.string("must be text"),
  v.maxLength(200, "must have at most 200 characters"),
  v.regex(
    /^[A-Za-z0-9._-]+\/[A-Za-z0-9._-]+$/,
    "must be owner/repo of letters, digits, dots, dashes and underscores",
  ),
  v.check(
    (id) => !id.split("/").some((part) => part === "." || part === ".."),
    "must not have a part . or ..",
  ),
);

const WebhookUrlSchema = v.pipe(
  TextSchema,
  v.check(isWebhookUrl, "must be an http or https URL without credentials"),
);

const MemoryLimitSchema = v.pipe(
  v.union([v.string(), v.number()], "must be text such as 512MB"),
  v.transform(parseMemoryLimit),
  v.number("must be a size such as 512MB or 1GB, or 0 for no limit"),
);

const RequestSchema = v.object(
  {
    project_id: ProjectIdSchema,
    pr_number: v.pipe(
      v.number("must be a whole number"),
      v.safeInteger("must be a whole number"),
      v.minValue(0, "must not be negative"),
    ),
    pr_url: TextSchema,
    head_sha: v.pipe(
      v.string("must be text"),
      v.regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/, "must be 40 or 64 lower-case hexadecimal digits"),
    ),
    base_sha: TextSchema,
    webhook_url: WebhookUrlSchema,
    client_request_id: v.nullish(RequestKeySchema),
    timeout_ms: v.nullish(
      v.pipe(
        v.number("must be a whole number of milliseconds"),
        v.safeInteger("must be a whole number of milliseconds"),
        v.minValue(1, "must be at least 1"),
      ),
      DEFAULT_TIMEOUT_MS,
    ),
    max_memory: v.nullish(MemoryLimitSchema, DEFAULT_MAX_MEMORY_BYTES),
    clone_url: v.nullish(
      v.pipe(
        v.string("must be text"),
        // The gateway sends it empty where GitHub did not say.
        v.check(
          (url) => url === "" || isCloneUrl(url),
          "must be an https, http or ssh URL (or git@host:path) without a query",
        ),
      ),
    ),
  },
  (issue) => (issue.path === undefined ? "the request must be an object" : "is missing"),
);

/** A validation that was asked for, checked and with its defaults. */
export type ValidationRequest = {
  projectId: string;
  prNumber: number;
  prUrl: string;
  headSha: string;
  baseSha: string;
  /** Holds a capability: it is for the callback alone, never for a log, an error or an answer. */
  webhookUrl: string;
  clientRequestId: string | undefined;
  timeoutMs: number;
  /** 0 means no limit. */
  maxMemoryBytes: number;
  cloneUrl: string | undefined;
};

export type RequestReading =
  | { kind: "request"; request: ValidationRequest }
  | { kind: "invalid"; message: string };

/** Reads one request of a trigger. The message of a refusal names every bad field and repeats no value. */
export function readRequest(data: unknown, maxTimeoutMs: number): RequestReading {
  const parsed = v.safeParse(RequestSchema, data);
  if (!parsed.success) return { kind: "invalid", message: parsed.issues.map(describeIssue).join("; ") };
  const body = parsed.output;
  return {
    kind: "request",
    request: {
      projectId: body.project_id,
      prNumber: body.pr_number,
      prUrl: body.pr_url,
      headSha: body.head_sha,
      baseSha: body.base_sha,
      webhookUrl: body.webhook_url,
      clientRequestId: body.client_request_id ?? undefined,
      timeoutMs: Math.min(body.timeout_ms, maxTimeoutMs),
      maxMemoryBytes: body.max_memory,
      cloneUrl: body.clone_url || undefined,
    },
  };
}

/** The `client_request_id` of a request that may be wrong in other places. */
export function readClientRequestId(data: unknown): string | undefined {
  const parsed = v.safeParse(v.object({ client_request_id: RequestKeySchema }), data);
  return parsed.success ? parsed.output.client_request_id : undefined;
}

function describeIssue(issue: v.BaseIssue<unknown>): string {
  return `${v.getDotPath(issue) ?? ""} ${issue.message}`.trim();
}

function isWebhookUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const url = new URL(text);
  return (
    (url.protocol === "https:" || url.protocol === "http:") && url.username === "" && url.password === ""
  );
}
