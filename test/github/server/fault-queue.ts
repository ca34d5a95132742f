/** The faults that are waiting for requests. */
import * as v from "valibot";
import { type Fault, fault } from "../client/fault.ts";

/** The properties of a request that a fault can match. */
export interface FaultTarget {
  readonly operation_id: string | null;
  readonly method: string;
  readonly path: string;
  /** The ids of the token and of the path. */
  readonly installation_ids: readonly (number | undefined)[];
}

const faults = v.array(fault);

/** The first fault that matches a request applies to it. */
export class FaultQueue {
  #waiting: { readonly fault: Fault; left: number }[] = [];

  add(list: unknown): void {
    this.#waiting.push(
      ...v.parse(faults, list).map((one) => ({ fault: one, left: one.times === 0 ? Infinity : one.times })),
    );
  }

  clear(): void {
    this.#waiting = [];
  }

  take(target: FaultTarget): Fault | undefined {
    const met = this.#waiting.find((one) => matches(one.fault, target));
    if (met === undefined) return undefined;
    met.left -= 1;
    this.#waiting = this.#waiting.filter((one) => one.left > 0);
    return met.fault;
  }
}

function matches({ match }: Fault, target: FaultTarget): boolean {
  const { operation_id, method, path, installation_id } = match;
  return (
    (operation_id ?? target.operation_id) === target.operation_id &&
    (method ?? target.method).toUpperCase() === target.method &&
    (path === undefined || new RegExp(path).test(target.path)) &&
    (installation_id === undefined || target.installation_ids.includes(installation_id))
  );
}
