/**
 * GitHub's webhook events as `@octokit/webhooks` describes them: types alone, nothing of it is bundled. An event, an
 * action or a field that GitHub does not have fails the compiler instead of never matching a delivery.
 */
import type { EmitterWebhookEvent, EmitterWebhookEventName, WebhookEventName } from "@octokit/webhooks/types";
import type * as v from "valibot";

export type EventName = WebhookEventName;

/** The actions of an event: `opened` of `pull_request`. */
export type ActionOf<
  Name extends EventName,
  Full = EmitterWebhookEventName,
> = Full extends `${Name}.${infer Action}` ? Action : never;

/** The payload of an event, whatever its action. */
export type PayloadOf<Name extends EventName> = EmitterWebhookEvent<Name>["payload"];

/** A schema all of whose fields GitHub sends in the event's payloads, with types that the schema takes. */
export type SchemaFor<Name extends EventName, Schema extends v.GenericSchema> = [
  UnknownField<v.InferInput<Schema>, PayloadOf<Name>>,
] extends [never]
  ? Schema
  : { readonly "GitHub does not send": UnknownField<v.InferInput<Schema>, PayloadOf<Name>> };

/** The names of fields that are read, and not sent or sent with another type. */
type UnknownField<Read, Sent> = {
  [Key in keyof Read & string]-?: string extends Key
    ? never
    : Key extends KeyOf<Sent>
      ? MisreadField<Key, NonNullable<Read[Key]>, NonNullable<FieldOf<Sent, Key>>>
      : Key;
}[keyof Read & string];

type MisreadField<Key, Read, Sent> = [Read] extends [object]
  ? UnknownField<Read, Sent>
  : [Sent] extends [Read]
    ? never
    : Key;

/** The keys of any member of a union, and what its members have under one of them. */
type KeyOf<Union> = Union extends unknown ? keyof Union : never;
type FieldOf<Union, Key> = Union extends unknown ? (Key extends keyof Union ? Union[Key] : never) : never;
