/** Rows that are due are claimed for one consumer: until it settles them, or until the lease runs out. */
export interface Lease {
  /** Unique to this claim. */
  readonly leaseId: string;
  readonly now: string;
  readonly leaseUntil: string;
  /** The most rows to claim. */
  readonly limit: number;
}
