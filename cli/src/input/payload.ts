/** Payloads to send: GitHub's own examples, about the repository, pull request and head that are asked for. */
import { createHash, randomBytes } from "node:crypto";
import { emitterEventNames } from "@octokit/webhooks";
import { readExamplePayloads } from "./example-payloads.ts";

/** What to put in place of the example's own. */
export interface PayloadOptions {
  /** `owner/repo`. */
  readonly repo?: string | undefined;
  readonly pr?: number | undefined;
  readonly head?: string | undefined;
  readonly now: Date;
}

type Json = Record<string, unknown>;

const EXAMPLES = readExamplePayloads();

/**
 * Builds the payload of an event.
 * @param name `event` or `event.action`
 * @returns undefined where GitHub has no such event or action
 */
export function buildPayload(name: string, options: PayloadOptions): Json | undefined {
  const example = findExample(name);
  if (example === undefined) return undefined;
  const payload = structuredClone(example);
  if (options.repo !== undefined) renameRepository(payload, options.repo);
  aimPullRequest(payload, options);
  aimHead(payload, options.head ?? (options.repo === undefined ? undefined : randomSha()));
  return payload;
}

/** The events of GitHub, each with the actions that there is an example for. */
export function knownEvents(): ReadonlyMap<string, readonly string[]> {
  return new Map(
    [...EXAMPLES].map(([event, payloads]) => [
      event,
      payloads.flatMap(({ action }) => (typeof action === "string" ? [action] : [])),
    ]),
  );
}

function findExample(name: string): Json | undefined {
  const [event = "", action] = name.split(".", 2);
  const examples = EXAMPLES.get(event) ?? [];
  if (action === undefined) return examples[0];
  const exact = examples.find((example) => example.action === action);
  // Not every action has an example; an event's actions nearly share one shape.
  const [first] = examples;
  const known = emitterEventNames.some((emitted) => emitted === name);
  return exact ?? (known && first !== undefined ? { ...first, action } : undefined);
}

function renameRepository(payload: Json, repo: string): void {
  const repository = payload.repository;
  if (!isObject(repository)) return;
  const [login, name] = repo.split("/", 2);
  Object.assign(repository, {
    id: stableId(repo),
    name,
    full_name: repo,
    html_url: `https://github.com/${repo}`,
    clone_url: `https://github.com/${repo}.git`,
  });
  if (isObject(repository.owner)) repository.owner.login = login;
}

function aimPullRequest(payload: Json, { repo, pr, now }: PayloadOptions): void {
  const pull = payload.pull_request;
  const issue = payload.issue;
  if (isObject(pull)) {
    const number = pr ?? Number(pull.number);
    const closed = payload.action === "closed";
    Object.assign(pull, { number, state: closed ? "closed" : "open", draft: false });
    pull.updated_at = now.toISOString().replace(/\.\d+Z$/, "Z");
    if (repo !== undefined) pull.html_url = `https://github.com/${repo}/pull/${number}`;
    payload.number = number;
  }
  if (isObject(issue) && pr !== undefined) issue.number = pr;
}

function aimHead(payload: Json, head: string | undefined): void {
  if (head === undefined) return;
  const { pull_request: pull, merge_group: group } = payload;
  if (isObject(pull) && isObject(pull.head)) pull.head.sha = head;
  if (isObject(group)) group.head_sha = head;
  for (const check of [payload.check_run, payload.check_suite]) if (isObject(check)) check.head_sha = head;
  if (typeof payload.after === "string") payload.after = head;
}

/** The same repository keeps its id from one delivery to the next. */
const stableId = (repo: string): number =>
  createHash("sha256").update(repo.toLowerCase()).digest().readUInt32BE(0) & 0x7fffffff;

const randomSha = (): string => randomBytes(20).toString("hex");

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;
