/**
 * A database that fills up keeps a digest of results: their validations are written to the archive when they are a day
 * old, which they would be later anyway.
 */
import { validationKey } from "@webhook-gateway/shared/archive/keys.ts";
import { digestResults } from "@webhook-gateway/shared/domain/results/digest.ts";
import { isObject } from "@webhook-gateway/shared/domain/results/summary.ts";
import {
  type Ended,
  loadEnded,
  type Place,
  replaceResults,
} from "@webhook-gateway/shared/store/maintain/old-validations.ts";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { byteLength } from "@webhook-gateway/shared/text/text.ts";
import { type ArchiveDeps, archiveValidations } from "./archive-old.ts";

/** Validations that one step looks at. */
const EARLY_AT_ONCE = 200;
/** Of what failed, its check has shown more for a day, and its page still does. */
const DIGEST_BYTES = 2_048;
/** A digest that is longer than this share of the results saves too little. */
const WORTHWHILE = 0.6;

export interface EarlyStep {
  /** How far it came. */
  readonly reached: Place;
  readonly moved: number;
  readonly failed: boolean;
  /** There may be more. */
  readonly more: boolean;
}

/** Archives the next validations behind a place that ended before a time, and leaves digests of their results. */
export async function archiveEarly(deps: ArchiveDeps, after: Place, before: string): Promise<EarlyStep> {
  const ended = await loadEnded(deps.db, after, before, EARLY_AT_ONCE);
  const digests = new Map(ended.flatMap((one) => digestOf(one) ?? []));
  const { written, failed } = await archiveValidations(
    deps,
    ended.filter(({ id }) => digests.has(id)),
  );
  if (written.length > 0) {
    const moved = written.map(({ id, version }) => ({ id, version, results: digests.get(id) ?? "" }));
    await replaceResults(deps.db, moved);
  }
  const { finished_at, seq } = (failed ? undefined : ended.at(-1)) ?? after;
  // The caller asks again for what R2 does not take, and for the size after what was moved.
  const more = failed || written.length > 0 || ended.length === EARLY_AT_ONCE;
  return { reached: { finished_at, seq }, moved: written.length, failed, more };
}

/** @returns its id, and what is left of its results; undefined if they stay */
function digestOf({ id, results, bytes }: Ended): [[string, string]] | undefined {
  const whole = results === null ? undefined : parseJson(results);
  if (!isObject(whole)) return undefined;
  const digest = JSON.stringify(digestResults(whole, validationKey(id), DIGEST_BYTES));
  return byteLength(digest) > bytes * WORTHWHILE ? undefined : [[id, digest]];
}
