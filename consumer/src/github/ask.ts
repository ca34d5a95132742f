/** Questions to GitHub whose answers are needed to go on. */
import {
  type Credential,
  type GitHub,
  type GitHubAnswer,
  rateLimitsOf,
} from "@webhook-gateway/shared/github/client.ts";
import { type GitHubFailure, UNREADABLE_ANSWER } from "@webhook-gateway/shared/github/failure.ts";
import * as v from "valibot";
import { type Cost, READ_POINTS } from "./budget.ts";
import { type Refused, refusalText, type SendDeps, sendWithinBudgets } from "./send.ts";

export interface AskDeps extends SendDeps {
  readonly github: GitHub;
}

/** GitHub cannot be asked now, or does not answer what is needed. */
export class GitHubError extends Error {
  override readonly name = "GitHubError";
  readonly failure: GitHubFailure;

  constructor(failure: GitHubFailure) {
    super(failure.error);
    this.failure = failure;
  }
}

/** When the limit in an error ends, in milliseconds since the epoch; undefined if it is not about a limit. */
export const limitedUntil = (thrown: unknown): number | undefined =>
  thrown instanceof GitHubError ? thrown.failure.limitedUntilMs : undefined;

/** A read that can wait for what is more urgent: of the audit, or of recovery. */
export const READ: Cost = { points: READ_POINTS, creates: false, minor: true, background: true };

/** Reads one thing. @throws GitHubError */
export async function askGitHub(
  deps: AskDeps,
  credential: Credential,
  route: string,
  parameters: object,
  etag?: string,
) {
  const perform = () => deps.github.call(credential, route, parameters, etag);
  const [answer] = await sendWithinBudgets(deps, [{ credential, cost: READ, perform }], rateLimitsOf);
  return answerOf(answer);
}

/** What GitHub has answered. @throws GitHubError if it is not what the schema says */
export function readAnswer<Schema extends v.GenericSchema>(
  schema: Schema,
  data: unknown,
): v.InferOutput<Schema> {
  const parsed = v.safeParse(schema, data);
  if (!parsed.success) throw new GitHubError(UNREADABLE_ANSWER);
  return parsed.output;
}

/** Asks which installation of our App serves something. @throws GitHubError */
export async function askInstallation(deps: AskDeps, route: string, parameters: object): Promise<Credential> {
  const { data } = await askGitHub(deps, { kind: "app" }, route, parameters);
  return { kind: "installation", id: readAnswer(installation, data).id };
}

const installation = v.object({ id: v.number() });

/** @throws GitHubError */
export function answerOf(answer: GitHubAnswer | Refused | undefined) {
  if (answer === undefined || "refusedUntilMs" in answer) {
    const limited = answer === undefined ? {} : { limitedUntilMs: answer.refusedUntilMs };
    throw new GitHubError({ class: "limited", error: refusalText(answer ?? {}), ...limited });
  }
  if (!answer.ok) throw new GitHubError(answer.failure);
  return answer;
}
