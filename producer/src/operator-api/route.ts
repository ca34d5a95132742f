/** One route of the operator API: what it takes, what it answers, and who may ask. */
import type * as v from "valibot";
import type { ApiError } from "../http/api-error.ts";
import type { OrderDeps } from "./validation-command.ts";

export interface OperatorDeps extends OrderDeps {
  readonly environment: string;
}

/** What a handler is given: already checked. */
export interface Call<Query, Body> {
  readonly deps: OperatorDeps;
  readonly id: string;
  readonly query: Query;
  readonly body: Body;
  /** Who asks, as far as they say. */
  readonly who: string;
}

/** `status` 200 where none is given. */
export type Answer =
  | { readonly body: unknown; readonly status?: 200 | 202 }
  | { readonly text: string; readonly contentType: string }
  | { readonly error: ApiError };

type Schema = v.GenericSchema;

export interface RouteSpec<Query extends Schema, Body extends Schema> {
  readonly method: "GET" | "POST";
  /** Below `/api`, as OpenAPI writes it. */
  readonly path: string;
  readonly role: "reader" | "operator";
  readonly summary: string;
  readonly query?: Query;
  readonly body?: Body;
  /** What is answered, by status. */
  readonly answers: Readonly<Record<number, Schema | "text">>;
  readonly handle: (call: Call<v.InferOutput<Query>, v.InferOutput<Body>>) => Promise<Answer>;
}

/** A route whose types are behind it: its handler is given what its schemas made. */
export interface Route extends Omit<RouteSpec<Schema, Schema>, "handle"> {
  readonly handle: (call: Call<unknown, unknown>) => Promise<Answer>;
}

/** Forgets the types of a route's input: its schemas are what makes them true. */
export function route<Query extends Schema, Body extends Schema>(spec: RouteSpec<Query, Body>): Route {
  return { ...spec, handle: (call) => spec.handle(call as Parameters<typeof spec.handle>[0]) };
}

export const found = (body: unknown): Answer =>
  body === undefined ? { error: { code: "not_found", message: "there is no such thing" } } : { body };
