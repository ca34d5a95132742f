/** The simulation's own Durable Object: everything runs in it, over its SQLite. */
import type { SqlStorage } from "../machine/database.ts";
import { realNowMs } from "../machine/globals.ts";
import type { Spec } from "../report/spec.ts";
import { World } from "./world.ts";

interface State {
  readonly storage: SqlStorage & { transaction<Result>(perform: () => Promise<Result>): Promise<Result> };
}

/** One request simulates for so long: the caller shows how far it is. */
const PART_MS = 3_000;

export class Simulation {
  readonly #storage: State["storage"];
  #world: World | undefined;

  constructor(state: State) {
    this.#storage = state.storage;
  }

  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/start") {
      const spec = (await request.json()) as Spec;
      this.#world = new World(spec, this.#storage);
      return Response.json({});
    }
    const world = this.#world;
    if (world === undefined) return new Response("not started", { status: 409 });
    if (pathname === "/finish") return Response.json(world.findings());
    const startedMs = realNowMs();
    // Otherwise each transaction is written to the disk, which takes longer than all the rest.
    const progress = await this.#storage.transaction(() =>
      world.advance(() => realNowMs() - startedMs > PART_MS),
    );
    return Response.json(progress);
  }
}

export default {
  fetch(
    request: Request,
    env: { readonly SIMULATION: { getByName(name: string): { fetch: typeof fetch } } },
  ) {
    return env.SIMULATION.getByName("only").fetch(request);
  },
};
