/** Commits, of which the double knows only the SHA. */
import { Refusal } from "./reply.ts";
import type { Repository } from "./world.ts";

const SHA = /^[0-9a-f]{40}$/i;

export const isSha = (text: string): boolean => SHA.test(text);

/** @throws {Refusal} if the repository has no such commit; branch names are not supported */
export function requireCommit(repository: Repository, ref: string): string {
  if (isSha(ref) && (repository.commits?.has(ref) ?? true)) return ref;
  throw new Refusal(422, `No commit found for SHA: ${ref}`);
}
