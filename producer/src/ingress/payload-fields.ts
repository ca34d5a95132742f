/** Which fields of GitHub's payloads are looked at, as the schemas say it: who reads no others can skip the rest. */

import * as payloads from "@webhook-gateway/shared/routing/payload.ts";
import type * as v from "valibot";

/** `true`: all of the field's value. */
export interface Fields {
  readonly [key: string]: Fields | true;
}

/** What routing looks at, whatever the event. */
export const payloadFields = (): Fields =>
  [
    payloads.common,
    payloads.pullRequest,
    payloads.mergeGroup,
    payloads.push,
    payloads.checkRun,
    payloads.checkSuite,
    payloads.issueComment,
  ]
    .map(({ entries }) => fieldsOfEntries(entries))
    .reduce(mergeFields);

type Entries = v.ObjectEntries;
type Entry = Entries[string];

const fieldsOfEntries = (entries: Entries): Fields =>
  Object.fromEntries(Object.entries(entries).map(([key, entry]) => [key, fieldsOf(entry)]));

/** What is not an object of known entries (a text, anything, an object of any entries) is looked at as a whole. */
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
