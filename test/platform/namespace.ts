/** Durable Objects. Each call holds a connection until it is answered. */
import type { Accounting } from "./accounting.ts";

export interface NamespaceLike {
  getByName(name: string): object;
}

export function limitNamespace<Namespace extends NamespaceLike>(
  accounting: Accounting,
  namespace: Namespace,
): Namespace {
  return new Proxy(namespace, {
    get(target, name) {
      if (name === "getByName") return (given: string) => limitStub(accounting, target.getByName(given));
      throw new Error(`${String(name)}() of a namespace is not limited`);
    },
  });
}

function limitStub({ usage, connections }: Accounting, stub: object): object {
  return new Proxy(stub, {
    get(target, name) {
      // A stub is not a promise, though every name is one of its methods.
      if (name === "then") return undefined;
      return (...args: unknown[]) => {
        usage.objectCalls++;
        return connections.use(async () => {
          const method: unknown = Reflect.get(target, name);
          if (typeof method !== "function") throw new TypeError(`${String(name)} is not a method`);
          return Reflect.apply(method, target, args);
        });
      };
    },
  });
}
