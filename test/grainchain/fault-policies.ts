/** Ways in which a Grainchain server can fail, one function each. */
import type { TriggerRequest } from "./trigger-request.ts";

/** One request to the double. */
export interface Call {
  readonly kind: "trigger" | "trigger-batch" | "status" | "cancel" | "health";
  /** The requests of a trigger; empty for other kinds. */
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

/** `hang`: there is never an answer. `reset`: the connection is closed. */
export type Reply = HttpReply | "hang" | "reset";

/** What happens to one item: accepted, refused in its own answer, or left out of the answer. */
export type ItemDecision =
  | "accept"
  | "omit"
  | "omit-accepted"
  | { readonly refused: string; readonly permanent: boolean };

/** Serves the request as a good server does: every item, or as `decide` says. */
export type Serve = (decide?: (request: TriggerRequest) => ItemDecision) => HttpReply;

/** Decides the answer to one request. */
export type FaultPolicy = (call: Call, serve: Serve) => Reply | Promise<Reply>;

/** Serves as a good server does. */
export const serves: FaultPolicy = (_call, serve) => serve();

/** Refuses every call with this answer. */
export const answers =
  (status: number, body = "", headers: Readonly<Record<string, string>> = {}): FaultPolicy =>
  () => ({ status, body, headers });

/** Refuses batches as a server that does not know them, and serves single triggers. */
export const hasNoBatch =
  (status: number): FaultPolicy =>
  (call, serve) =>
    call.kind === "trigger-batch" ? { status, body: '{"detail":"Not Found"}' } : serve();

/** Accepts nothing and never answers. */
export const hangs: FaultPolicy = () => "hang";

/** Accepts the work, and the answer is lost. */
export const hangsAfterAccepting: FaultPolicy = (_call, serve) => {
  serve();
  return "hang";
};

/** Closes every connection. */
export const resets: FaultPolicy = () => "reset";

/** Accepts the work, then answers with something else. */
export const answersAfterAccepting =
  (status: number, body: string): FaultPolicy =>
  (_call, serve) => {
    serve();
    return { status, body };
  };

/** Decides about each item of a trigger on its own. */
export const decides =
  (decide: (request: TriggerRequest) => ItemDecision): FaultPolicy =>
  (_call, serve) =>
    serve(decide);

/** Answers for every item that there is no room, with status 200, as CodegenApp's server does. */
export const isAtCapacity: FaultPolicy = decides(() => ({
  refused: "Maximum capacity reached",
  permanent: false,
}));

/** Refuses a whole batch that contains a bad item, and that item alone. */
export const refusesWholeBatchWith =
  (isBad: (request: TriggerRequest) => boolean, body: string): FaultPolicy =>
  (call, serve) =>
    call.requests.some(isBad) ? { status: 422, body } : serve();
