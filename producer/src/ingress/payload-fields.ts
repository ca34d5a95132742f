/** The fields of GitHub's payloads that the schemas read. A parser can skip all others. */

import * as payloads from "@webhook-gateway/shared/routing/payload.ts";
import type * as v from "valibot";

/** `true`: the whole value of the field. */
export interface Fields {
  readonly [key: string]: Fields | true;
}

/** What routing reads of an event's payloads, besides what it reads of all. */
const SCHEMAS = new Map<string, { readonly entries: Entries }>([
  ["pull_request", payloads.pullRequest],
  ["merge_group", payloads.mergeGroup],
  ["push", payloads.push],
  ["check_run", payloads.checkRun],
  ["check_suite", payloads.checkSuite],
  ["issue_comment", payloads.issueComment],
]);

/** The events of whose payloads routing reads more than of all. */
export const EVENTS_WITH_FIELDS: readonly string[] = [...SCHEMAS.keys()];

/** The fields that routing reads of an event's payloads. */
export const payloadFields = (event: string): Fields =>
  mergeFields(fieldsOfEntries(payloads.common.entries), fieldsOfEntries(SCHEMAS.get(event)?.entries ?? {}));

type Entries = v.ObjectEntries;
type Entry = Entries[string];

const fieldsOfEntries = (entries: Entries): Fields =>
  Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, fieldsOf(entry)]));

/** Anything but an object with known entries is read whole. */
function fieldsOf(schema: Entry): Fields | true {
  if (isWrapper(schema)) return fieldsOf(schema.wrapped);
  return isObject(schema) ? fieldsOfEntries(schema.entries) : true;
}

/** Such as `optional` and `nullable`. */
const isWrapper = (schema: Entry): schema is Entry & { readonly wrapped: Entry } => "wrapped" in schema;

const isObject = (schema: Entry): schema is Entry & { readonly entries: Entries } => schema.type === "object";

function mergeFields(one: Fields, other: Fields): Fields {
  const all: Record<string, Fields | true> = { ...one };
  for (const [key, fields] of Object.entries(other)) {
    const known = all[key] ?? {};
    all[key] = known === true || fields === true ? true : mergeFields(known, fields);
  }
  return all;
}
