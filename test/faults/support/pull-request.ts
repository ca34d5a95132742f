/** The events of a pull request as deliveries, which can be sent in any order and repeatedly. */
import { randomUUID } from "node:crypto";
import { buildPayload } from "../../../cli/src/input/payload.ts";

/** A delivery with its GUID, so that it can be delivered again. */
export interface ScriptedDelivery {
  readonly event: string;
  readonly guid: string;
  readonly body: string;
}

const EPOCH_MS = Date.UTC(2026, 0, 1);

export class PullRequest {
  readonly repo: string;
  readonly number: number;
  /** Its newest head. */
  head: string;
  open = true;
  #second = 0;

  constructor(repo: string, number: number, head: string) {
    this.repo = repo;
    this.number = number;
    this.head = head;
  }

  opened(): ScriptedDelivery {
    return this.#event("opened");
  }

  /** @param sameSecond whether it has the same time as the event before */
  pushed(head: string, sameSecond = false): ScriptedDelivery {
    const before = this.head;
    this.head = head;
    return this.#event("synchronize", { before, after: head }, sameSecond ? 0 : 1);
  }

  closed(): ScriptedDelivery {
    this.open = false;
    return this.#event("closed");
  }

  reopened(): ScriptedDelivery {
    this.open = true;
    return this.#event("reopened");
  }

  #event(action: string, fields: Readonly<Record<string, string>> = {}, seconds = 1): ScriptedDelivery {
    this.#second += seconds;
    const { repo, number: pr, head } = this;
    const now = new Date(EPOCH_MS + this.#second * 1000);
    const payload = { ...buildPayload(`pull_request.${action}`, { repo, pr, head, now }), ...fields };
    return { event: "pull_request", guid: randomUUID(), body: JSON.stringify(payload) };
  }
}
