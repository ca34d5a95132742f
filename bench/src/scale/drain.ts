/**
 * Moving repositories from shard to shard while deliveries come in, late, twice and out of order, and while consumers end
 * without a word. A simulation of a protocol on paper: the gateway has one shard.
 *
 * 1. The owner stops: from that transaction on it records nothing of the repository, claims none of its effects, and
 *    sends on to the new owner whatever facts still reach it, before it acknowledges them.
 * 2. It waits until no effect of the repository is leased: what is under way is settled where it was claimed.
 * 3. Its rows are copied; the new owner takes them in one transaction, by their keys, and owns the repository from then on.
 *    Facts that reach it before are left in its queue.
 * 4. The old owner deletes its rows, and remembers that it has left.
 */
import { oneOf, seeded } from "./random.ts";
import { jumpHash } from "./shard-hash.ts";

/** A step that is left out, to see that it is missed. */
export type Omitted = "waiting for leases" | "sending on" | "holding back";

export interface DrainOptions {
  readonly seed: number;
  readonly repositories: number;
  readonly deliveries: number;
  readonly from: number;
  readonly to: number;
  readonly omit?: Omitted;
}

export interface Drained {
  readonly moved: number;
  readonly repeated: number;
  readonly sentOn: number;
  readonly heldBack: number;
  /** What must never be; empty where the protocol holds. */
  readonly broken: readonly string[];
}

interface Fact {
  readonly id: number;
  readonly repository: number;
}

type Effect = "due" | "leased" | "done";

/** What a shard's database has of one repository. */
interface Rows {
  readonly facts: Set<number>;
  /** The newest fact: what later ones are judged by. */
  head: number;
  readonly effects: Map<number, Effect>;
}

interface Shard {
  readonly queue: Fact[];
  readonly rows: Map<number, Rows>;
  readonly standing: Map<number, "owned" | "stopped" | "left">;
}

const REPEATED = 0.2;
const CRASHED = 0.2;

export class Drain {
  readonly #random: () => number;
  readonly #options: DrainOptions;
  readonly #shards: readonly Shard[];
  /** The routing of each producer: they learn of a new one at different times. */
  readonly #producers: number[];
  readonly #moving: { repository: number; step: "start" | "wait" | "copied" | "done" }[];
  /** Effects that are under way, by the shard that claimed them; and those that were settled. */
  readonly #underWay = new Map<number, number>();
  readonly #settled = new Set<number>();
  #sent = 0;
  #repeated = 0;
  #sentOn = 0;
  #heldBack = 0;
  readonly #broken = new Set<string>();

  constructor(options: DrainOptions) {
    const { seed, repositories, from, to } = options;
    this.#options = options;
    this.#random = seeded(seed);
    this.#shards = Array.from({ length: Math.max(from, to) }, () => ({
      queue: [],
      rows: new Map(),
      standing: new Map(),
    }));
    this.#producers = [from, from, from];
    const ids = Array.from({ length: repositories }, (_, id) => id);
    for (const id of ids) this.#at(jumpHash(id, from)).standing.set(id, "owned");
    this.#moving = ids
      .filter((id) => jumpHash(id, from) !== jumpHash(id, to))
      .map((repository) => ({ repository, step: "start" }));
  }

  run(): Drained {
    const { deliveries } = this.#options;
    while (this.#sent < deliveries) this.#step();
    // Nothing new comes: everything that is on its way arrives.
    for (let left = deliveries * 200; left > 0 && !this.#isQuiet(); left--) this.#step();
    this.#judge();
    return {
      moved: this.#moving.length,
      repeated: this.#repeated,
      sentOn: this.#sentOn,
      heldBack: this.#heldBack,
      broken: [...this.#broken],
    };
  }

  #step(): void {
    const shard = Math.floor(this.#random() * this.#shards.length);
    const action = this.#random();
    if (action < 0.25) this.#produce();
    else if (action < 0.6) this.#deliver(shard);
    else if (action < 0.75) this.#claim(shard);
    else if (action < 0.9) this.#settle(shard);
    else if (this.#sent * 2 > this.#options.deliveries) this.#move();
  }

  #produce(): void {
    const { deliveries, repositories, to } = this.#options;
    const producer = Math.floor(this.#random() * this.#producers.length);
    // The new routing reaches each producer some time after the middle.
    if (this.#sent > deliveries * (0.5 + producer * 0.15)) this.#producers[producer] = to;
    if (this.#sent >= deliveries) return;
    const fact = { id: ++this.#sent, repository: Math.floor(this.#random() ** 2 * repositories) };
    this.#at(jumpHash(fact.repository, this.#producers[producer] ?? to)).queue.push(fact);
  }

  /** Any message of the queue, and perhaps once more: a consumer that ends before it acknowledges. */
  #deliver(number: number): void {
    const shard = this.#at(number);
    if (shard.queue.length === 0) return;
    const fact = oneOf(shard.queue, this.#random);
    if (!this.#handle(shard, fact)) return;
    if (this.#random() < REPEATED) this.#repeated++;
    else shard.queue.splice(shard.queue.indexOf(fact), 1);
  }

  /** @returns whether it may be acknowledged */
  #handle(shard: Shard, fact: Fact): boolean {
    const { omit, to } = this.#options;
    const standing = shard.standing.get(fact.repository);
    if (standing === "owned") return this.#record(shard, fact);
    if (standing === undefined) {
      if (omit === "holding back") return this.#record(shard, fact);
      this.#heldBack++;
      return false;
    }
    if (omit === "sending on") return true;
    this.#sentOn++;
    this.#at(jumpHash(fact.repository, to)).queue.push(fact);
    return true;
  }

  #record(shard: Shard, { id, repository }: Fact): boolean {
    const rows = shard.rows.get(repository) ?? { facts: new Set(), head: 0, effects: new Map() };
    shard.rows.set(repository, rows);
    if (rows.facts.has(id)) return true;
    rows.facts.add(id);
    if (id > rows.head) {
      rows.head = id;
      rows.effects.set(id, "due");
    }
    return true;
  }

  #claim(number: number): void {
    const shard = this.#at(number);
    const due = this.#effects(shard, "due").filter(
      ({ repository }) => shard.standing.get(repository) !== "stopped",
    );
    if (due.length === 0) return;
    const { rows, id } = oneOf(due, this.#random);
    rows.effects.set(id, "leased");
    if (this.#underWay.has(id)) this.#broken.add("two shards have one effect under way");
    if (this.#settled.has(id)) this.#broken.add("what was settled is performed again");
    this.#underWay.set(id, number);
  }

  /** Or the consumer ends before it can: then the lease runs out, and it is due again, under the same key. */
  #settle(number: number): void {
    const leased = this.#effects(this.#at(number), "leased");
    if (leased.length === 0) return;
    const { rows, id } = oneOf(leased, this.#random);
    const crashed = this.#random() < CRASHED;
    rows.effects.set(id, crashed ? "due" : "done");
    this.#underWay.delete(id);
    if (!crashed) this.#settled.add(id);
  }

  #effects(shard: Shard, state: Effect) {
    return [...shard.rows].flatMap(([repository, rows]) =>
      [...rows.effects].flatMap(([id, is]) => (is === state ? [{ repository, rows, id }] : [])),
    );
  }

  /** One step of one move. Each is a transaction; a mover that ends without a word is followed by another one. */
  #move(): void {
    const open = this.#moving.filter(({ step }) => step !== "done");
    if (open.length === 0) return;
    const one = oneOf(open, this.#random);
    const { from, to, omit } = this.#options;
    const [old, next] = [this.#at(jumpHash(one.repository, from)), this.#at(jumpHash(one.repository, to))];
    const rows = old.rows.get(one.repository);
    if (one.step === "start") {
      old.standing.set(one.repository, "stopped");
      one.step = "wait";
    } else if (one.step === "wait") {
      const leased = [...(rows?.effects.values() ?? [])].includes("leased");
      if (leased && omit !== "waiting for leases") return;
      this.#import(next, one.repository, rows);
      // The mover may end here: what it did it does again, and finds done.
      if (this.#random() >= CRASHED) one.step = "copied";
    } else {
      old.standing.set(one.repository, "left");
      old.rows.delete(one.repository);
      one.step = "done";
    }
  }

  #import(shard: Shard, repository: number, rows: Rows | undefined): void {
    if (shard.standing.get(repository) === "owned") return;
    const there = shard.rows.get(repository);
    shard.standing.set(repository, "owned");
    shard.rows.set(repository, {
      facts: new Set([...(rows?.facts ?? []), ...(there?.facts ?? [])]),
      head: Math.max(rows?.head ?? 0, there?.head ?? 0),
      // A lease is its shard's: copied, it is due.
      effects: new Map([
        ...[...(rows?.effects ?? [])].map(([id, is]) => [id, is === "leased" ? "due" : is] as const),
        ...(there?.effects ?? []),
      ]),
    });
  }

  #at(number: number): Shard {
    const shard = this.#shards[number];
    if (shard === undefined) throw new RangeError(`there is no shard ${number}`);
    return shard;
  }

  #isQuiet(): boolean {
    const busy = this.#shards.some(
      (shard) =>
        shard.queue.length > 0 ||
        this.#effects(shard, "due").length > 0 ||
        this.#effects(shard, "leased").length > 0,
    );
    return !busy && this.#moving.every(({ step }) => step === "done");
  }

  #judge(): void {
    const { deliveries, repositories, to } = this.#options;
    if (!this.#isQuiet()) this.#broken.add("something never came to rest");
    const places = new Map<number, number[]>();
    for (const [number, shard] of this.#shards.entries()) {
      for (const [repository, rows] of shard.rows) {
        if (number !== jumpHash(repository, to)) this.#broken.add("rows are left behind");
        for (const id of rows.facts) places.set(id, [...(places.get(id) ?? []), number]);
        if (rows.head !== Math.max(0, ...rows.facts)) this.#broken.add("a head is not the newest");
      }
    }
    for (let id = 1; id <= deliveries; id++) {
      const found = places.get(id)?.length ?? 0;
      if (found === 0) this.#broken.add("a delivery is lost");
      if (found > 1) this.#broken.add("a delivery is in two shards");
    }
    for (let id = 0; id < repositories; id++) {
      const owners = this.#shards.filter(({ standing }) => standing.get(id) === "owned").length;
      if (owners !== 1) this.#broken.add("a repository has not exactly one owner");
    }
  }
}
