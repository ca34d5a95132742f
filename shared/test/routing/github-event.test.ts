import { emitterEventNames } from "@octokit/webhooks";
import * as v from "valibot";
import { expect, expectTypeOf, test } from "vitest";
import type { ActionOf, EventName, SchemaFor } from "../../src/routing/github-event.ts";
import type * as payloads from "../../src/routing/payload.ts";
import { onActions } from "../../src/routing/routing.ts";

const note = () => ({ type: "note" }) as const;
const anything = v.object({});

test("an event that GitHub does not have fails the compiler", () => {
  // @ts-expect-error: the event is `pull_request`
  onActions("pull_requests", [], anything, note);
  expectTypeOf<"pull_request" | "ping" | "installation_target">().toExtend<EventName>();
  expectTypeOf<"pull_requests">().not.toExtend<EventName>();
});

test("an action that GitHub does not have fails the compiler", () => {
  // @ts-expect-error: the action is `opened`
  onActions("pull_request", ["open"], anything, note);
  onActions("pull_request", ["opened"], anything, note);
  expectTypeOf<ActionOf<"merge_group">>().toEqualTypeOf<"checks_requested" | "destroyed">();
  expectTypeOf<ActionOf<"push">>().toBeNever();
});

test("a field that GitHub does not send fails the compiler, however deep and optional it is", () => {
  // @ts-expect-error: `sha` belongs to the head
  onActions("pull_request", ["opened"], v.object({ pull_request: v.object({ sha: v.string() }) }), note);
  // @ts-expect-error: the field is `pull_request`
  onActions("pull_request", ["opened"], v.object({ pull: v.optional(v.unknown()) }), note);
  onActions("pull_request", ["opened"], v.object({ pull_request: v.object({ id: v.number() }) }), note);
});

test("a field of another type than GitHub's fails the compiler", () => {
  // @ts-expect-error: the number is a number
  onActions("pull_request", ["opened"], v.object({ number: v.string() }), note);
  onActions("pull_request", ["opened"], v.object({ number: v.number() }), note);
});

test("what is read of every payload is sent with the events that are routed", () => {
  type Routed =
    | "pull_request"
    | "merge_group"
    | "push"
    | "check_run"
    | "check_suite"
    | "issue_comment"
    | "repository"
    | "ping"
    | "installation";
  type Common = typeof payloads.common;
  expectTypeOf<SchemaFor<Routed, Common>>().toEqualTypeOf<Common>();
  expectTypeOf<SchemaFor<"push", typeof payloads.pullRequest>>().not.toEqualTypeOf<
    typeof payloads.pullRequest
  >();
});

test("GitHub's types and its list of events agree", () => {
  const actions: readonly `pull_request.${ActionOf<"pull_request">}`[] = ["pull_request.opened"];
  expect(emitterEventNames).toEqual(expect.arrayContaining([...actions]));
});
