/** What is recorded: the facts of earlier batches, and those of this one that were decided so far. */
import type { DeliveryFact } from "@webhook-gateway/shared/messages/fact.ts";
import type { Snapshot } from "@webhook-gateway/shared/store/write/snapshot.ts";
import type { KnownNames } from "./secret-scope.ts";

export class Recorded {
  /** By id; null if there is none: callbacks have no fingerprint, nor has what an older version recorded. */
  readonly #fingerprints: Map<string, string | null>;
  /** The ids of deliveries by their digests. */
  readonly #bodies: Map<string, string>;
  readonly #names: Map<number, string>;

  constructor({ recorded, bodies, names }: Pick<Snapshot, "recorded" | "bodies" | "names">) {
    this.#fingerprints = new Map(recorded);
    this.#bodies = new Map(bodies);
    this.#names = new Map(names);
  }

  get names(): KnownNames {
    return this.#names;
  }

  has(id: string): boolean {
    return this.#fingerprints.has(id);
  }

  /** Whether this GUID is recorded with the same content. Without a fingerprint to compare, it counts as the same. */
  hasSameContent({ id, fingerprint }: DeliveryFact): boolean {
    const known = this.#fingerprints.get(id);
    return known !== undefined && (known === null || fingerprint === undefined || known === fingerprint);
  }

  /** The id of the delivery with the same body, signed with the same secret. */
  sameBody({ digest }: DeliveryFact): string | undefined {
    return digest === undefined ? undefined : this.#bodies.get(digest);
  }

  add(id: string): void {
    this.#fingerprints.set(id, null);
  }

  addDelivery({ id, fingerprint, digest, repository }: DeliveryFact): void {
    this.#fingerprints.set(id, fingerprint ?? null);
    if (digest !== undefined && !this.#bodies.has(digest)) this.#bodies.set(digest, id);
    if (repository !== null && !this.#names.has(repository.id)) {
      this.#names.set(repository.id, repository.full_name);
    }
  }
}
