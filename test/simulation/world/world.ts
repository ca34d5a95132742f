/** Everything there is: the gateway and all that surrounds it, in simulated time. */
import { seeded } from "../../support/random.ts";
import { Checks } from "../github/checks.ts";
import { Deliveries } from "../github/deliveries.ts";
import { GitHub } from "../github/github.ts";
import { HookDeliveries } from "../github/hook-deliveries.ts";
import { OpenPullLists } from "../github/open-pulls.ts";
import { Organization } from "../github/subjects.ts";
import { type Answer, jsonPost } from "../machine/bodies.ts";
import { Bucket } from "../machine/bucket.ts";
import { Clock } from "../machine/clock.ts";
import { Database, type SqlStorage } from "../machine/database.ts";
import { installGlobals, settled } from "../machine/globals.ts";
import { Alerts } from "../observe/alerts.ts";
import { type Findings, gather } from "../observe/findings.ts";
import { LogLines } from "../observe/log-lines.ts";
import { Observer } from "../observe/observer.ts";
import { Recording } from "../observe/recording.ts";
import { type Loss, PLACES, type Spec } from "../report/spec.ts";
import { atRandomTimes } from "./arrivals.ts";
import { scheduleFaults } from "./faults.ts";
import { Gateway } from "./gateway.ts";
import { Grainchain } from "./grainchain.ts";
import type { Parts } from "./parts.ts";

const MINUTE_MS = 60_000;
/** Once nothing arrives any more, all of it has to end within this time. */
const DRAIN_MS = 3 * 60 * MINUTE_MS;
/** Callbacks can be so late. */
const LEAST_DRAIN_MS = 12 * MINUTE_MS;

const guidOf = (number: number): string => `00000000-0000-4000-8000-${number.toString(16).padStart(12, "0")}`;

export interface Progress {
  readonly done: boolean;
  readonly elapsedMs: number;
  readonly deliveries: number;
}

export class World implements Parts {
  readonly spec: Spec;
  readonly clock: Clock;
  readonly database: Database;
  readonly lines = new LogLines();
  readonly organization: Organization;
  readonly recording: Recording;
  readonly checks = new Checks();
  readonly deliveries: Deliveries;
  readonly grainchain: Grainchain;
  readonly github: GitHub;
  readonly lists: OpenPullLists;
  readonly gateway: Gateway;
  readonly alerts: Alerts;
  readonly observer: Observer;
  perSecond: number;
  #quiet = false;

  constructor(spec: Spec, storage: SqlStorage) {
    this.spec = spec;
    // Each part has its own numbers: what one of them does changes nothing for the others.
    const randomOf = (number: number) => seeded(spec.seed * 16 + number);
    this.clock = new Clock(spec.startMs, settled);
    const { clock } = this;
    installGlobals(clock, randomOf(0), () => this.gateway.platform.isCut);
    this.lines.install(clock, (nowMs) => this.observer.explains(nowMs));
    this.database = new Database(clock, storage, randomOf(1));
    for (const sql of spec.migrations) this.database.ask(sql);
    this.organization = new Organization(spec.traffic, randomOf(2));
    this.recording = new Recording(clock, spec);
    this.deliveries = new Deliveries(
      clock,
      randomOf(3),
      spec.templates,
      (request) => this.gateway.receive(request),
      (guid) => this.recording.accept(guid),
    );
    this.grainchain = new Grainchain(clock, randomOf(4), spec.traffic, (url, body) =>
      this.#callBack(url, body),
    );
    const hooks = new HookDeliveries(this.deliveries);
    this.lists = new OpenPullLists(this.organization);
    this.github = new GitHub(clock, randomOf(5), this.organization, this.checks, hooks, this.lists);
    this.observer = new Observer(this.database, spec.startMs, spec.faults);
    this.alerts = new Alerts(clock, this.observer);
    this.gateway = new Gateway({
      clock,
      random: randomOf(6),
      database: this.database,
      bucket: new Bucket(clock, randomOf(9)),
      configuration: spec.configuration,
      fetch: (url, init) => this.#fetch(url, init),
      recorded: (body, sentMs) => this.recording.recorded(body, sentMs),
    });
    this.perSecond = spec.traffic.deliveriesPerSecond;
    scheduleFaults(this, randomOf(7));
    if (spec.loss === null) this.#happen(randomOf(8));
    else this.#lose(spec.loss, randomOf(8));
    this.#observe();
  }

  /** Goes on until the end, or until the caller has had enough. */
  async advance(enough: () => boolean): Promise<Progress> {
    const { clock, spec } = this;
    const endMs = spec.startMs + spec.lengthMs + DRAIN_MS;
    const ended = await clock.run(endMs, () => this.#quiet || enough());
    const elapsedMs = clock.nowMs - spec.startMs;
    return { done: this.#quiet || ended, elapsedMs, deliveries: this.recording.happened };
  }

  findings(): Findings {
    return gather(this);
  }

  /** Events at random times. */
  #happen(random: () => number): void {
    const { clock, spec } = this;
    // Both hooks deliver each event.
    const perSecond = () => this.perSecond / 2;
    atRandomTimes(clock, random, perSecond, (number) => {
      if (clock.nowMs >= spec.startMs + spec.lengthMs) return false;
      const occurrence = this.organization.happen(guidOf(number), clock.nowMs);
      this.recording.expect(occurrence);
      this.deliveries.announce(occurrence);
      return true;
    });
  }

  /** Pull requests are opened one after the other, and not every delivery arrives. */
  #lose({ pulls, dropped, unsent }: Loss, random: () => number): void {
    for (let number = 0; number < pulls; number++) {
      this.clock.after((this.spec.lengthMs * number) / pulls, () => {
        const occurrence = this.organization.openAnywhere(guidOf(number), this.clock.nowMs);
        const fate = random();
        if (fate < unsent) return;
        this.recording.expect(occurrence);
        if (fate < unsent + dropped) this.deliveries.drop(occurrence);
        else this.deliveries.announce(occurrence);
      });
    }
  }

  #observe(): void {
    const { clock, spec } = this;
    clock.after(MINUTE_MS, () => {
      const idle = this.observer.look(clock.nowMs, this.recording.oldest);
      const drainedMs = clock.nowMs - spec.startMs - spec.lengthMs;
      this.#quiet = idle && drainedMs >= LEAST_DRAIN_MS;
      this.#observe();
    });
  }

  #fetch(url: string, init: RequestInit | undefined): Promise<Answer> {
    if (url.startsWith(PLACES.grainchain)) return this.grainchain.fetch(url, init);
    if (url.startsWith(PLACES.alerts)) return this.alerts.fetch(init);
    return this.github.fetch(url, init);
  }

  async #callBack(url: string, body: string): Promise<number> {
    try {
      const { status } = await this.gateway.receive(jsonPost(url, new TextEncoder().encode(body)));
      return status;
    } catch {
      return 502;
    }
  }
}
