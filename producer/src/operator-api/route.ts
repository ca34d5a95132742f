/** One route of the operator API: its input, its answers, and who may call it. */
import type { ActionName } from "@webhook-gateway/shared/api/action.ts";
import type { Archive } from "@webhook-gateway/shared/archive/archive.ts";
import * as v from "valibot";
import type { Refused } from "../http/api-error.ts";
import type { CommandDeps } from "./validation-command.ts";

export interface OperatorDeps extends CommandDeps {
  readonly environment: string;
  /** Undefined if the environment has none. */
  readonly archive: Archive | undefined;
}

/** The checked input of a handler. */
export interface Call<Query, Body> {
  readonly deps: OperatorDeps;
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  /** Who asks: `operator:alice`. */
  readonly actor: string;
}

/** `status` is 200 by default. */
export type Answer =
  | { readonly body: unknown; readonly status?: 200 | 202 }
  | { readonly text: string; readonly contentType: string }
  | Refused;

type Schema = v.GenericSchema;

export interface RouteSpec<Query extends Schema, Body extends Schema> {
  readonly method: "GET" | "POST";
  /** Below `/api`, as OpenAPI writes it. */
  readonly path: string;
  readonly role: "reader" | "operator";
  /** What an operator asks for with it. */
  readonly action?: ActionName;
  readonly summary: string;
  readonly query?: Query;
  readonly body?: Body;
  /** No body at all stands for one without fields. */
  readonly mayOmitBody?: true;
  /** The schemas of the answers by status. */
  readonly answers: Readonly<Record<number, Schema | "text">>;
  readonly handle: (call: Call<v.InferOutput<Query>, v.InferOutput<Body>>) => Promise<Answer>;
}

/** A route without the types of its input. */
export interface Route extends Omit<RouteSpec<Schema, Schema>, "handle"> {
  readonly handle: (call: Call<unknown, unknown>) => Promise<Answer>;
}

type Spec<Query extends Schema, Body extends Schema> = Omit<RouteSpec<Query, Body>, "method" | "role">;

/** A route that readers may call too. Without a schema it takes no query. */
export const get = <Query extends Schema, Body extends Schema>(spec: Spec<Query, Body>): Route => ({
  query: v.strictObject({}),
  ...withoutTypes({ ...spec, method: "GET", role: "reader" }),
});

/** A route for operators. */
export const post = <Query extends Schema, Body extends Schema>(
  spec: Spec<Query, Body> & { readonly action: ActionName },
): Route => withoutTypes({ ...spec, method: "POST", role: "operator" });

/** Drops the types of a route's input. The route's schemas guarantee them. */
function withoutTypes<Query extends Schema, Body extends Schema>(spec: RouteSpec<Query, Body>): Route {
  return { ...spec, handle: (call) => spec.handle(call as Parameters<typeof spec.handle>[0]) };
}

export const found = (body: unknown): Answer =>
  body === undefined ? { error: { code: "not_found", message: "not found" } } : { body };

/** An error, or what was done. */
export const answerOf = (answer: object, status: 200 | 202 = 200): Answer =>
  "error" in answer ? (answer as Extract<Answer, { error: unknown }>) : { body: answer, status };
