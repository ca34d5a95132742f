/** GitHub's API, as far as the gateway uses it: tokens, check runs, reactions and the deliveries of two hooks. */
import { answerAfter, latency } from "../machine/answer.ts";
import { type Answer, headerOf, jsonAnswer } from "../machine/bodies.ts";
import type { Clock } from "../machine/clock.ts";
import { addressOf } from "./address.ts";
import type { Checks } from "./checks.ts";
import type { HookDeliveries } from "./hook-deliveries.ts";
import type { OpenPullLists } from "./open-pulls.ts";
import type { Organization } from "./subjects.ts";

const LATENCY_MS = [80, 300] as const;
const TOKEN_MS = 3_600_000;
/** GitHub's secondary limits (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api). */
const CREATES = { minute: 80, hour: 500 } as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export class GitHub {
  /** It answers nothing but 503, and sometimes not at all. */
  refuses = false;
  readonly counts = { calls: 0, refused: 0, limited: 0, unknown: 0 };
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #checks: Checks;
  readonly #hooks: HookDeliveries;
  readonly #lists: OpenPullLists;
  readonly #installations: ReadonlyMap<string, number>;
  /** Times of what was created, by installation. */
  readonly #created = new Map<number, number[]>();
  readonly #tokens = new Map<string, number>();

  constructor(
    clock: Clock,
    random: () => number,
    { repositories }: Organization,
    checks: Checks,
    hooks: HookDeliveries,
    lists: OpenPullLists,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#checks = checks;
    this.#hooks = hooks;
    this.#lists = lists;
    this.#installations = new Map(repositories.map((one) => [one.fullName, one.installation]));
  }

  fetch(url: string, init: RequestInit | undefined): Promise<Answer> {
    this.counts.calls++;
    return answerAfter(this.#clock, latency(this.#random, LATENCY_MS), init?.signal, () => {
      if (this.refuses) {
        this.counts.refused++;
        const chance = this.#random();
        if (chance < 0.1) return "hang";
        // What fails may have been done.
        if (chance < 0.2) this.#serve(url, init);
        return jsonAnswer({ message: "unavailable" }, { status: 503 });
      }
      const answer = this.#serve(url, init);
      if (answer === undefined) this.counts.unknown++;
      return answer ?? jsonAnswer({ message: "Not Found" }, { status: 404 });
    });
  }

  #serve(url: string, init: RequestInit | undefined): Answer | undefined {
    const method = init?.method ?? "GET";
    const address = addressOf(url);
    const parts = address.path.split("/").slice(1).map(decodeURIComponent);
    if (parts.at(-1) === "access_tokens") return this.#token(Number(parts[2]));
    const hook = this.#hooks.serve(method, address, parts);
    if (hook !== undefined) return hook;
    const list =
      method === "GET"
        ? this.#lists.serve(address, parts, this.#installationOf(init), init, this.#clock.nowMs)
        : undefined;
    if (list !== undefined) return list;
    const [place, owner, repo, what] = parts;
    if (place === "orgs" && repo === "installation") return jsonAnswer({ id: 1 });
    if (place !== "repos") return undefined;
    const repository = `${owner}/${repo}`;
    const installation = this.#installations.get(repository);
    if (what === "installation")
      return installation === undefined ? undefined : jsonAnswer({ id: installation });
    return this.#act(method, repository, parts.slice(3), init);
  }

  #act(
    method: string,
    repository: string,
    rest: readonly string[],
    init: RequestInit | undefined,
  ): Answer | undefined {
    const body = () => JSON.parse(String(init?.body ?? "{}"));
    const [what, id, more] = rest;
    if (method === "GET" && what === "commits" && more === "check-runs") {
      return jsonAnswer(this.#checks.list(repository, id ?? ""));
    }
    if (method === "PATCH" && what === "check-runs") {
      const changed = this.#checks.change(Number(id), body(), this.#clock.nowMs);
      return changed === undefined ? undefined : jsonAnswer(changed);
    }
    if (method !== "POST") return undefined;
    const limited = this.#spend(init);
    if (limited !== undefined) return limited;
    if (what === "check-runs") {
      return jsonAnswer(this.#checks.create(repository, body(), this.#clock.nowMs), { status: 201 });
    }
    return rest.at(-1) === "reactions" ? jsonAnswer({ id: 1 }, { status: 201 }) : undefined;
  }

  #token(installation: number): Answer {
    const token = `token-${installation}-${this.#tokens.size}`;
    this.#tokens.set(token, installation);
    const expires_at = new Date(this.#clock.nowMs + TOKEN_MS).toISOString();
    return jsonAnswer({ token, expires_at }, { status: 201 });
  }

  /** Of the request's token. */
  #installationOf(init: RequestInit | undefined): number | undefined {
    const token = /bearer (.*)/i.exec(headerOf(init, "authorization") ?? "")?.[1] ?? "";
    return this.#tokens.get(token);
  }

  /** Counts what is created by an installation. @returns its refusal beyond the limits */
  #spend(init: RequestInit | undefined): Answer | undefined {
    const installation = this.#installationOf(init);
    if (installation === undefined) return jsonAnswer({ message: "Bad credentials" }, { status: 401 });
    const now = this.#clock.nowMs;
    const times = (this.#created.get(installation) ?? []).filter((atMs) => atMs > now - HOUR_MS);
    this.#created.set(installation, times);
    const ofMinute = times.filter((atMs) => atMs > now - MINUTE_MS).length;
    if (ofMinute < CREATES.minute && times.length < CREATES.hour) {
      times.push(now);
      return undefined;
    }
    this.counts.limited++;
    const message = "You have exceeded a secondary rate limit";
    return jsonAnswer({ message }, { status: 403, headers: { "retry-after": "60" } });
  }
}
