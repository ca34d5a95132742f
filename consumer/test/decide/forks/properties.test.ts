/** No head of a fork runs without an approval, whatever happens in whatever order. Decisions alone, without a database. */
import { isFinal } from "@webhook-gateway/shared/domain/validation.ts";
import type { DeliveryFact, Fact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Subject } from "@webhook-gateway/shared/store/subject-row.ts";
import type { Validation } from "@webhook-gateway/shared/store/validation-row.ts";
import { rowsOf } from "@webhook-gateway/shared/store/write/mutation.ts";
import { expect, test } from "vitest";
import { amount } from "../../../../test/support/amount.ts";
import fc from "../../../../test/support/fast-check.ts";
import { settleApproval } from "../../../src/decide/approval.ts";
import { ChangeSet } from "../../../src/decide/change-set.ts";
import type { DeliveryPolicy } from "../../../src/decide/context.ts";
import { decideFact } from "../../../src/decide/fact.ts";
import { Recorded } from "../../../src/decide/recorded.ts";
import { command, delivery, freshRepository, pullRequest, rerun, second, sha } from "../../support/facts.ts";
import { POLICY } from "../../support/recording.ts";

const WRITERS = ["ada", "will"];
const HEADS = ["a", "b", "c"];
const APP = 77;

const head = fc.constantFrom(...HEADS);
const person = fc.constantFrom(...WRITERS, "rita", "mallory");
const event = fc.oneof(
  fc.record({ what: fc.constant("push" as const), head }),
  fc.record({
    what: fc.constant("comment" as const),
    person,
    named: fc.option(head),
    association: fc.constantFrom("MEMBER", "COLLABORATOR", "CONTRIBUTOR", "NONE"),
  }),
  fc.record({ what: fc.constant("button" as const), person, head, app: fc.constantFrom(APP, 1) }),
  fc.record({ what: fc.constant("rerun" as const), head }),
  fc.record({ what: fc.constantFrom("close" as const, "reopen" as const, "edit" as const) }),
  fc.record({ what: fc.constant("audit" as const) }),
  fc.record({
    what: fc.constant("operator" as const),
    order: fc.constantFrom("rerun" as const, "approve" as const),
  }),
);
type Event = typeof event extends fc.Arbitrary<infer One> ? One : never;

/** The rows, the approvals that GitHub is asked for, and who has approved which heads. */
class Model {
  readonly policy: DeliveryPolicy;
  readonly subjects = new Map<string, Subject>();
  readonly validations = new Map<string, Validation>();
  readonly asked: DeliveryFact[] = [];
  /** Heads that were ever trusted, with the time at which they had come then: one that comes back stays approved. */
  readonly trusted = new Map<string, string>();
  readonly #recorded = new Recorded({ recorded: new Map(), bodies: new Map(), names: new Map() });

  constructor(policy: Partial<DeliveryPolicy>) {
    this.policy = { ...POLICY, ...policy };
  }

  decide(fact: Fact): void {
    this.#change((changes) => decideFact(changes, this.#recorded, fact, this.policy));
  }

  /** GitHub answers the first question. */
  answer(): void {
    const fact = this.asked.shift();
    if (fact === undefined) return;
    const refusal = WRITERS.includes(fact.sender ?? "") ? null : "may not";
    this.#change((changes) => settleApproval(changes, fact, refusal, this.policy));
  }

  #change(decide: (changes: ChangeSet) => void): void {
    const changes = new ChangeSet(second(9000), {
      subjects: [...this.subjects.values()],
      validations: [...this.validations.values()],
    });
    decide(changes);
    for (const row of rowsOf(changes.mutations(), "subject")) this.subjects.set(row.subject, row);
    for (const row of rowsOf(changes.mutations(), "validation")) {
      this.validations.set(row.id, row);
      const headAt = this.subjects.get(row.subject)?.head_at ?? "";
      if (row.trusted && !this.trusted.has(row.head_sha)) this.trusted.set(row.head_sha, headAt);
    }
    this.asked.push(...rowsOf(changes.mutations(), "approval").map(({ fact }) => fact));
  }
}

const FORK = {
  fork: true,
  head_repository: "mallory/widgets",
  author: "mallory",
  author_association: "NONE",
};

interface Happened {
  readonly fact: (model: Model) => Fact | undefined;
  /** Whether it approves the head, which came at that time. */
  readonly approves: (head: string, headAt: string, asksGitHub: boolean) => boolean;
}

/**
 * What GitHub and the operators send, a second apart.
 * @param late whether it may arrive in another order: then a comment can be taken for one about an older head
 */
function script(events: readonly Event[], late: boolean): Happened[] {
  const repository = freshRepository();
  const pull = pullRequest(repository);
  let current = "a";
  let open = true;
  const nothing = () => false;
  const happen = (one: Event, at: number): Happened => {
    switch (one.what) {
      case "push": {
        const before = sha(current);
        current = one.head;
        const fact = pull("synchronize", current, at, { ...FORK, before, open });
        return { fact: () => fact, approves: nothing };
      }
      case "close":
      case "reopen":
      case "edit": {
        const action = one.what === "close" ? "closed" : one.what === "reopen" ? "reopened" : "edited";
        open = one.what === "edit" ? open : one.what === "reopen";
        const fact = pull(action, current, at, { ...FORK, open, base_sha: sha(`base ${at}`) });
        return { fact: () => fact, approves: nothing };
      }
      case "audit": {
        // It shows what is open, and nothing of what was before.
        const fact = pull("synchronize", current, at, { ...FORK, open: true });
        const id = `audit-${repository.id}-12-${sha(current)}`;
        return {
          fact: () => (open ? { ...fact, id, event: "audit", action: null } : undefined),
          approves: nothing,
        };
      }
      case "rerun": {
        const fact = rerun(repository, one.head);
        return { fact: () => fact, approves: nothing };
      }
      case "button": {
        const change = { type: "approval", app_id: one.app, head_sha: sha(one.head) } as const;
        const fact = delivery(repository, "check_run", "requested_action", change, { sender: one.person });
        const counts = one.app === APP && WRITERS.includes(one.person);
        return { fact: () => fact, approves: (sha_, _, asks) => asks && counts && sha_ === sha(one.head) };
      }
      case "comment": {
        const { change, ...rest } = command(repository, "validate");
        const newest = sha(current);
        const sha_ = one.named === null ? {} : { sha: sha(one.named).slice(0, 7) };
        const said = { author_association: one.association, created_at: second(at), ...sha_ };
        const fact = { ...rest, sender: one.person, change: { ...change, ...said } };
        return {
          fact: () => fact,
          approves: (given, headAt, asks) =>
            (asks ? WRITERS.includes(one.person) : one.association === "MEMBER") &&
            (one.named !== null
              ? given === sha(one.named) && headAt <= second(at)
              : late
                ? headAt < second(at)
                : given === newest),
        };
      }
      case "operator": {
        const id = crypto.randomUUID();
        let target: string | undefined;
        return {
          fact(model) {
            target ??= [...model.validations.keys()].at(-1);
            if (target === undefined) return undefined;
            return {
              v: 1,
              kind: "order",
              id,
              received_at: second(at),
              order: one.order,
              validation_id: target,
            };
          },
          approves: (given) => one.order === "approve" && target?.includes(`-${given}-`) === true,
        };
      }
    }
  };
  return events.map((one, index) => happen(one, index + 2));
}

/** In the order of their events, or late by a few; some are delivered again later, or replayed. */
function arrivalsOf(
  happened: readonly Happened[],
  delays: readonly number[] | null,
  again: readonly (readonly [number, number])[],
): Happened[] {
  const at = (index: number): number => index + (delays?.[index % delays.length] ?? 0);
  const once = happened.map((one, index) => ({ one, at: at(index) }));
  const repeated = again.flatMap(([which, later]) => {
    const index = which % Math.max(happened.length, 1);
    const one = happened[index];
    return one === undefined ? [] : [{ one, at: at(index) + later }];
  });
  return [...once, ...repeated].toSorted((a, b) => a.at - b.at).map(({ one }) => one);
}

test("runs no head of a fork without an approval, and gives a reason for each that waits", () => {
  const delay = fc.double({ min: -3, max: 3, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(event, { maxLength: 25 }),
      fc.option(fc.array(delay, { minLength: 7, maxLength: 7 })),
      fc.array(fc.tuple(fc.nat(24), fc.nat(9)), { maxLength: 8 }),
      fc.boolean(),
      (events, delays, again, asksGitHub) => {
        const model = new Model({ asksGitHub, githubAppId: APP });
        const seen: Happened[] = [];
        for (const [index, one] of arrivalsOf(script(events, delays !== null), delays, again).entries()) {
          const fact = one.fact(model);
          if (fact === undefined) continue;
          seen.push(one);
          model.decide(fact);
          if (index % 2 === 0) model.answer();
          expectApproved(model, seen, asksGitHub);
        }
        while (model.asked.length > 0) model.answer();
        expectApproved(model, seen, asksGitHub);
        expectWords(model);
      },
    ),
    { numRuns: amount(10_000, 200_000) },
  );
}, 60_000);

/** Heads that ran were approved by something that has arrived. */
function expectApproved(model: Model, seen: readonly Happened[], asksGitHub: boolean): void {
  for (const { id, state, trusted } of model.validations.values()) {
    if (state !== "held" && !trusted && !isFinal(state))
      throw new Error(`${id} is ${state}, and not approved`);
  }
  for (const [head, headAt] of model.trusted) {
    if (!seen.some((one) => one.approves(head, headAt, asksGitHub)))
      throw new Error(`nobody has approved ${head}`);
  }
}

/** The newest head of an open pull request has a run, and what does not run says why. */
function expectWords(model: Model): void {
  const rows = [...model.validations.values()];
  const silent = rows.filter(
    ({ state, reason }) => (state === "held") !== (reason !== null && !isFinal(state)),
  );
  expect(silent).toEqual([]);
  for (const subject of model.subjects.values()) {
    const live = rows.filter(({ state }) => !isFinal(state));
    if (subject.state === "closed") expect(live).toEqual([]);
    else expect(live.map((row) => row.head_sha)).toEqual([subject.head_sha]);
  }
}
