/** Durable Objects: one of each name, whose storage outlives it. */
import type { Clock } from "./clock.ts";

type ObjectClass = new (state: object, env: object) => object;

interface Invoker {
  invoke<Result>(
    kind: string,
    perform: () => Promise<Result>,
  ): Promise<{ readonly result: Result } | { readonly thrown: unknown } | undefined>;
}

/** All that travels is JSON. A structured clone takes four times as long. */
const copyOf = <Value>(value: Value): Value =>
  value === undefined ? value : JSON.parse(JSON.stringify(value));

const CALL_MS = [5, 20] as const;
const ALARM_RETRY_MS = 2_000;

export class ObjectNamespace {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #class: ObjectClass;
  readonly #environment: () => object;
  readonly #invoker: Invoker;
  readonly #states = new Map<string, ObjectState>();
  #objects = new Map<string, object>();

  constructor(
    clock: Clock,
    random: () => number,
    objectClass: ObjectClass,
    environment: () => object,
    invoker: Invoker,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#class = objectClass;
    this.#environment = environment;
    this.#invoker = invoker;
  }

  /** What the objects hold in memory is gone. */
  restart(): void {
    this.#objects = new Map();
  }

  getByName(name: string): object {
    return new Proxy(
      {},
      {
        get: (_, method) => {
          if (method === "then") return undefined;
          return (...args: unknown[]) => this.#call(name, String(method), args);
        },
      },
    );
  }

  async #call(name: string, method: string, args: unknown[]): Promise<unknown> {
    const [least, most] = CALL_MS;
    await this.#clock.wait(least + (most - least) * this.#random());
    const outcome = await this.#invoker.invoke(`object: ${this.#class.name}`, async () => {
      const object = this.#object(name);
      await this.#states.get(name)?.ready;
      const found: unknown = Reflect.get(object, method);
      if (typeof found !== "function") throw new TypeError(`${method} is not a method of the object`);
      return Reflect.apply(found, object, copyOf(args));
    });
    if (outcome === undefined) throw new Error("Durable Object reset because its code was updated.");
    if ("thrown" in outcome) throw outcome.thrown;
    return copyOf(outcome.result);
  }

  /** An alarm that fails is tried again. */
  #ring(name: string): void {
    this.#call(name, "alarm", []).catch(() => this.#clock.after(ALARM_RETRY_MS, () => this.#ring(name)));
  }

  #object(name: string): object {
    const known = this.#objects.get(name);
    if (known !== undefined) return known;
    const state = this.#states.get(name) ?? new ObjectState(this.#clock, () => this.#ring(name));
    this.#states.set(name, state);
    const object = new this.#class(state, this.#environment());
    this.#objects.set(name, object);
    return object;
  }
}

class ObjectState {
  /** Once what the constructor asked to wait for has ended. */
  ready: Promise<unknown> = Promise.resolve();
  /** As JSON, which all of them are: that takes a quarter of the time of structured clones. */
  readonly #values = new Map<string, string>();
  #cancelAlarm = () => {};
  #alarmMs: number | null = null;
  readonly storage;

  constructor(clock: Clock, alarm: () => void) {
    const values = this.#values;
    const kv = {
      get(key: string): unknown {
        const json = values.get(key);
        return json === undefined ? undefined : JSON.parse(json);
      },
      put: (key: string, value: unknown): void => void values.set(key, JSON.stringify(value)),
      delete: (key: string): boolean => values.delete(key),
    };
    this.storage = {
      get: async (key: string): Promise<unknown> => kv.get(key),
      put: async (key: string, value: unknown): Promise<void> => kv.put(key, value),
      delete: async (key: string): Promise<boolean> => kv.delete(key),
      kv,
      getAlarm: async (): Promise<number | null> => this.#alarmMs,
      setAlarm: async (at: number | Date): Promise<void> => {
        this.#cancelAlarm();
        this.#alarmMs = Number(at);
        this.#cancelAlarm = clock.at(this.#alarmMs, () => {
          this.#alarmMs = null;
          alarm();
        });
      },
      deleteAlarm: async (): Promise<void> => {
        this.#cancelAlarm();
        this.#alarmMs = null;
      },
    };
  }

  blockConcurrencyWhile<Result>(perform: () => Promise<Result>): Promise<Result> {
    const performed = perform();
    this.ready = performed;
    return performed;
  }
}
