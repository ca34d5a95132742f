import type { Fact } from "@webhook-gateway/shared/messages/fact.ts";
import fc from "fast-check";
import { callback, freshRepository, pullRequest, sha } from "./facts.ts";

/** One thing that somebody does to a pull request. `tied`: in the same second as what came before. */
interface Step {
  readonly does: "push" | "edit" | "ready" | "toggle" | "verdict";
  readonly tied: boolean;
}

export interface History {
  readonly repository: ReturnType<typeof freshRepository>;
  readonly facts: readonly Fact[];
  readonly head: string;
  readonly open: boolean;
}

const step: fc.Arbitrary<Step> = fc.record({
  does: fc.constantFrom("push", "push", "push", "edit", "ready", "toggle", "verdict"),
  tied: fc.boolean(),
});

/**
 * A pull request's life as GitHub would tell it. A close and its reopen may share a second where they are the only
 * ones; GitHub's times cannot order more of them within one second.
 */
export const history: fc.Arbitrary<History> = fc
  .record({ steps: fc.array(step, { maxLength: 12 }), tiedPair: fc.boolean() })
  .map(({ steps, tiedPair }) => tell(steps, tiedPair));

function tell(steps: readonly Step[], tiedPair: boolean): History {
  const repository = freshRepository();
  const pr = pullRequest(repository);
  let at = 1;
  let head = "h0";
  let open = true;
  let toggles = 0;
  const facts: Fact[] = [pr("opened", head, at)];
  for (const { does, tied } of steps) {
    if (does === "verdict") {
      facts.push(
        callback(repository, `${repository.id}-pr-12-${sha(head)}-1`, "completed", { results: { head } }),
      );
      continue;
    }
    if (does === "toggle" ? !toggle(tied) : !open) continue;
    if (does !== "toggle" && !tied) at++;
    if (does === "push") {
      const before = head;
      head = `h${facts.length}`;
      facts.push(pr("synchronize", head, at, { before: sha(before) }));
    }
    if (does === "edit") facts.push(pr("edited", head, at, { base_sha: sha(`base ${at}`) }));
    if (does === "ready") facts.push(pr("ready_for_review", head, at));
  }
  return { repository, facts, head: sha(head), open };

  function toggle(tied: boolean): boolean {
    if (tiedPair && toggles === 2) return false;
    // A close may share a second with what it followed, a reopen only with its own close.
    if (!(tied && (open ? toggles === 0 : tiedPair))) at++;
    toggles++;
    open = !open;
    facts.push(pr(open ? "reopened" : "closed", head, at));
    return true;
  }
}

/** The facts in any order, some of them again, in batches of any size. */
export const deliveryOf = (facts: readonly Fact[]): fc.Arbitrary<readonly (readonly Fact[])[]> =>
  fc
    .array(fc.constantFrom(...facts), { maxLength: 6 })
    .chain((again) =>
      fc.record({
        order: fc.shuffledSubarray([...facts, ...again], { minLength: facts.length + again.length }),
        sizes: fc.array(fc.integer({ min: 1, max: 8 }), { minLength: facts.length + again.length }),
      }),
    )
    .map(({ order, sizes }) => {
      const batches: Fact[][] = [];
      let from = 0;
      for (const size of sizes) {
        if (from < order.length) batches.push(order.slice(from, from + size));
        from += size;
      }
      return batches;
    });
