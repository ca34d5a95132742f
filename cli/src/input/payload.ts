/** Payloads to send: GitHub's examples, with another repository, pull request and head. */
import { createHash, randomBytes } from "node:crypto";
import { emitterEventNames } from "@octokit/webhooks";
import { readExamplePayloads } from "./example-payloads.ts";

/** What replaces the example's values. */
export interface PayloadOptions {
  /** `owner/repo`. */
  readonly repo?: string | undefined;
  readonly pr?: number | undefined;
  readonly head?: string | undefined;
  /** `owner/repo` of a pull request's head, by a stranger; default: the repository itself. */
  readonly fork?: string | undefined;
  readonly now: Date;
}

type Json = Record<string, unknown>;

const EXAMPLES = readExamplePayloads();

/**
 * Builds the payload of an event.
 * @param name `event` or `event.action`
 * @returns undefined if GitHub has no such event or action
 */
export function buildPayload(name: string, options: PayloadOptions): Json | undefined {
  const example = findExample(name);
  if (example === undefined) return undefined;
  const payload = structuredClone(example);
  if (options.repo !== undefined) renameRepository(payload, options.repo);
  if (options.fork !== undefined) setFork(payload, options.fork);
  setPullRequest(payload, options);
  setHead(payload, options.head ?? (options.repo === undefined ? undefined : randomSha()));
  return payload;
}

/** The events of GitHub, each with the actions that have an example. */
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
  // Not every action has an example, but the payloads of an event's actions have nearly the same shape.
  const [first] = examples;
  const known = emitterEventNames.some((emitted) => emitted === name);
  return exact ?? (known && first !== undefined ? { ...first, action } : undefined);
}

function renameRepository(payload: Json, repo: string): void {
  const repository = payload.repository;
  if (!isObject(repository)) return;
  rename(repository, repo);
  // Otherwise the pull request would be a fork's.
  const pull = payload.pull_request;
  if (isObject(pull) && isObject(pull.head)) pull.head.repo = structuredClone(repository);
}

function rename(repository: Json, repo: string): void {
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

/** A pull request of somebody who has contributed nothing before. */
function setFork({ pull_request: pull, repository }: Json, fork: string): void {
  if (!isObject(pull) || !isObject(pull.head) || !isObject(repository)) return;
  const head = { ...structuredClone(repository), fork: true };
  rename(head, fork);
  pull.head.repo = head;
  pull.author_association = "NONE";
}

function setPullRequest(payload: Json, { repo, pr, now }: PayloadOptions): void {
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

function setHead(payload: Json, head: string | undefined): void {
  if (head === undefined) return;
  const { pull_request: pull, merge_group: group } = payload;
  if (isObject(pull) && isObject(pull.head)) pull.head.sha = head;
  if (isObject(group)) group.head_sha = head;
  for (const check of [payload.check_run, payload.check_suite]) if (isObject(check)) check.head_sha = head;
  if (typeof payload.after === "string") payload.after = head;
}

/** The same for every delivery of a repository. */
const stableId = (repo: string): number =>
  createHash("sha256").update(repo.toLowerCase()).digest().readUInt32BE(0) & 0x7fffffff;

const randomSha = (): string => randomBytes(20).toString("hex");

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;
