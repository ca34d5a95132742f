/** GitHub's side of deliveries: signs and sends them, and remembers what it was answered. */
import { jsonPost, type Post } from "../machine/bodies.ts";
import type { Clock } from "../machine/clock.ts";
import { APP_SECRET, ORGANIZATION_SECRET, type PayloadTemplate, PLACES, type Spec } from "../report/spec.ts";
import type { Occurrence } from "./subjects.ts";

export type HookName = "organization" | "app";

/** One delivery, as GitHub lists it. */
export interface SentDelivery {
  readonly id: number;
  readonly occurrence: Occurrence;
  readonly deliveredMs: number;
  readonly status: number;
}

/** GitHub waits this long for an answer. */
const PATIENCE_MS = 10_000;
/** From the event to the delivery. */
const DELAYS: Readonly<Record<HookName, readonly [number, number]>> = {
  organization: [50, 800],
  app: [50, 3_000],
};

export class Deliveries {
  /** Newest last. */
  readonly sent: Readonly<Record<HookName, SentDelivery[]>> = { organization: [], app: [] };
  readonly answers = new Map<number, number>();
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #templates: Spec["templates"];
  readonly #receive: (request: Request | Post) => Promise<Response>;
  readonly #accepted: (guid: string) => void;
  readonly #keys = { organization: keyOf(ORGANIZATION_SECRET), app: keyOf(APP_SECRET) };
  #ids = 0;

  constructor(
    clock: Clock,
    random: () => number,
    templates: Spec["templates"],
    receive: (request: Request | Post) => Promise<Response>,
    accepted: (guid: string) => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#templates = templates;
    this.#receive = receive;
    this.#accepted = accepted;
  }

  /** Both hooks deliver what happened. */
  announce(occurrence: Occurrence): void {
    let body: Uint8Array<ArrayBuffer> | undefined;
    for (const hook of ["organization", "app"] as const) {
      const [least, most] = DELAYS[hook];
      this.#clock.after(least + (most - least) * this.#random(), () => {
        body ??= this.#bodyOf(occurrence);
        void this.deliver(hook, occurrence, body);
      });
    }
  }

  /** Both hooks send it, and it never arrives. */
  drop(occurrence: Occurrence): void {
    for (const hook of ["organization", "app"] as const) {
      const deliveredMs = this.#clock.nowMs;
      this.sent[hook].push({ id: ++this.#ids, occurrence, deliveredMs, status: 502 });
    }
  }

  async deliver(hook: HookName, occurrence: Occurrence, body = this.#bodyOf(occurrence)): Promise<void> {
    const deliveredMs = this.#clock.nowMs;
    const status = await this.#send(hook, occurrence, body);
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
    if (status === 202) this.#accepted(occurrence.guid);
    this.sent[hook].push({ id: ++this.#ids, occurrence, deliveredMs, status });
  }

  payload(occurrence: Occurrence): string {
    return fill(this.#templates[occurrence.template], occurrence);
  }

  #bodyOf(occurrence: Occurrence): Uint8Array<ArrayBuffer> {
    return new TextEncoder().encode(this.payload(occurrence));
  }

  async #send(hook: HookName, occurrence: Occurrence, body: Uint8Array<ArrayBuffer>): Promise<number> {
    const mac = await crypto.subtle.sign("HMAC", await this.#keys[hook], body);
    const request = jsonPost(`${PLACES.gateway}/webhook/github`, body, {
      "user-agent": "GitHub-Hookshot/1",
      "cf-connecting-ip": "192.0.2.1",
      "x-github-event": occurrence.template.split(".")[0] ?? "",
      "x-github-delivery": occurrence.guid,
      "x-hub-signature-256": `sha256=${hex(new Uint8Array(mac))}`,
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    // GitHub's own word for it is 504.
    const cancel = this.#clock.after(PATIENCE_MS, () => resolve(504));
    this.#receive(request).then(
      ({ status }) => resolve(status),
      () => resolve(502),
    );
    const status = await promise;
    cancel();
    return status;
  }
}

function fill({ texts, names }: PayloadTemplate, occurrence: Occurrence): string {
  const { repository, number, head, base, before, text, atMs } = occurrence;
  const values: Readonly<Record<string, string>> = {
    sender: "octocat",
    installation: String(repository.installation),
    repositoryId: String(repository.id),
    name: repository.name,
    fullName: repository.fullName,
    number: String(number),
    commentId: String(atMs),
    seconds: String(Math.floor(atMs / 1000)),
    updatedAt: `${new Date(atMs).toISOString().slice(0, 19)}Z`,
    head,
    base,
    before,
    text,
  };
  let filled = texts[0] ?? "";
  for (let i = 0; i < names.length; i++) filled += (values[names[i] ?? ""] ?? "") + (texts[i + 1] ?? "");
  return filled;
}

const keyOf = (secret: string) =>
  crypto.subtle.importKey("raw", new TextEncoder().encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function hex(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += HEX[byte];
  return text;
}
