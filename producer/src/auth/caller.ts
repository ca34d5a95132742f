/** Who asks, once that is known. */

/** An operator may do everything; a reader may only read. */
export type Role = "operator" | "reader";

export interface Caller {
  readonly role: Role;
  /** Of the token, or an e-mail address. */
  readonly name: string;
}

/** The caller in rows and texts: `operator:alice`. */
export const actorOf = ({ role, name }: Caller): string => `${role}:${name}`;
