import { row } from "../support/database.ts";
import { validationsOf } from "../support/recording.ts";

export const states = async (repository: { readonly id: number }) =>
  (await validationsOf(repository)).map(
    ({ head_sha, run, state }) => `${head_sha.slice(0, 2)}.${run} ${state}`,
  );

export interface StoredSubject {
  readonly head_sha: string;
  readonly base_sha: string;
  readonly state: string;
  readonly at: string;
}
export const subjectOf = (repository: { readonly id: number }, subject = "pr-12"): Promise<StoredSubject> =>
  row("SELECT * FROM subjects WHERE repository_id = ?1 AND subject = ?2", repository.id, subject);

/** Heads are named by a letter; its code in hexadecimal begins the SHA. */
export const A = "61";
export const B = "62";
export const C = "63";
