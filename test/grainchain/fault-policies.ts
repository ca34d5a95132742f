/** Ways in which a Grainchain server can go wrong, one function each. */
import type { TriggerRequest } from "./trigger-request.ts";

/** One request to the double. */
export interface Call {
  readonly kind: "trigger" | "trigger-batch" | "status" | "cancel" | "health";
  /** What a trigger asks for; empty for other kinds. */
  readonly requests: readonly TriggerRequest[];
  /** Grainchain's id, for a status or a cancel. */
  readonly id: string;
  readonly idempotencyKey: string;
}

export interface HttpReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `hang`: no answer ever. `reset`: the connection breaks. */
export type Reply = HttpReply | "hang" | "reset";

/** What becomes of one item: taken, refused in its own answer, or left out of the answer. */
export type ItemVerdict =
  | "take"
  | "omit"
  | "omit-taken"
  | { readonly refused: string; readonly permanent: boolean };

/** What a good server does, in whole or (given a judge) in part. */
export type Serve = (judge?: (request: TriggerRequest) => ItemVerdict) => HttpReply;

/** Decides what one request gets. */
export type Behaviour = (call: Call, serve: Serve) => Reply | Promise<Reply>;

/** Serves as a good server does. */
export const serves: Behaviour = (_call, serve) => serve();

/** Refuses every call with this answer. */
export const answers =
  (status: number, body = "", headers: Readonly<Record<string, string>> = {}): Behaviour =>
  () => ({ status, body, headers });

/** Refuses the batch form as a server does that has none, and serves the single form. */
export const hasNoBatch =
  (status: number): Behaviour =>
  (call, serve) =>
    call.kind === "trigger-batch" ? { status, body: '{"detail":"Not Found"}' } : serve();

/** Takes nothing and never answers. */
export const hangs: Behaviour = () => "hang";

/** Takes the work, and its answer is lost on the way. */
export const hangsAfterTaking: Behaviour = (_call, serve) => {
  serve();
  return "hang";
};

/** Breaks every connection. */
export const resets: Behaviour = () => "reset";

/** Takes the work, then answers with something else. */
export const answersAfterTaking =
  (status: number, body: string): Behaviour =>
  (_call, serve) => {
    serve();
    return { status, body };
  };

/** Judges each item of a trigger. */
export const judges =
  (judge: (request: TriggerRequest) => ItemVerdict): Behaviour =>
  (_call, serve) =>
    serve(judge);

/** Says of every item that there is no room, with status 200, as CodegenApp's server does. */
export const isAtCapacity: Behaviour = judges(() => ({
  refused: "Maximum capacity reached",
  permanent: false,
}));

/** Refuses a whole batch that has a bad item in it, and that item alone. */
export const refusesWholeBatchWith =
  (isBad: (request: TriggerRequest) => boolean, words: string): Behaviour =>
  (call, serve) =>
    call.requests.some(isBad) ? { status: 422, body: words } : serve();
