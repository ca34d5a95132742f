/**
 * What a webhook secret may speak for. Anyone with a secret can sign any payload with it: one that is bound to
 * repositories says nothing about others.
 */
import type { WebhookSecret } from "@webhook-gateway/shared/config/secret.ts";
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import { common } from "@webhook-gateway/shared/routing/payload.ts";
import { repositoryMatcher } from "@webhook-gateway/shared/routing/routing-policy.ts";
import * as v from "valibot";

/** The scope of a secret that is bound to repositories. */
export interface SecretScope {
  readonly globs: readonly string[];
  /** Whether the payload is about one of its repositories. */
  readonly covers: (event: string, payload: unknown) => boolean;
  /** Whether the fact's addresses are of its repository: Grainchain clones one, and people follow the other. */
  readonly coversAddresses: (fact: DeliveryFact) => boolean;
  /** A ping is accepted from any hook, but names only a repository that the secret is bound to. */
  readonly narrow: (fact: DeliveryFact) => DeliveryFact;
}

/** @returns the scope of a label's secret; undefined if it is valid for every repository */
export function createSecretScopes(
  secrets: readonly WebhookSecret[],
): (label: string) => SecretScope | undefined {
  const scopes = new Map(
    secrets.flatMap(({ label, repositories }) =>
      repositories === undefined ? [] : [[label, scopeOf(repositories)] as const],
    ),
  );
  return (label) => scopes.get(label);
}

const PING = "ping";
const named = v.object({ repository: common.entries.repository });

function scopeOf(globs: readonly string[]): SecretScope {
  const matches = repositoryMatcher(globs);
  return {
    globs,
    covers(event, payload) {
      const read = v.safeParse(named, payload);
      // Not a payload that routing takes.
      if (event === PING || !read.success) return true;
      const { repository } = read.output;
      return repository !== null && matches(repository.full_name);
    },
    coversAddresses({ repository, change }) {
      if (repository === null) return true;
      const home = `/${repository.full_name.toLowerCase()}`;
      const clone = pathOf(repository.clone_url);
      const page = pathOf("url" in change ? change.url : "");
      return (
        (clone === "" || clone === home || clone === `${home}.git`) &&
        (page === "" || page === home || page.startsWith(`${home}/`))
      );
    },
    narrow(fact) {
      const { repository } = fact;
      return repository === null || matches(repository.full_name) ? fact : { ...fact, repository: null };
    },
  };
}

/** Of an address that routing has checked; empty if there is none. */
const pathOf = (url: string): string => (url === "" ? "" : (URL.parse(url)?.pathname.toLowerCase() ?? "?"));
