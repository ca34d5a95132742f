// Takes the place of `cloudflare:workers`: the platform's own base class takes only the platform's own state.

export class DurableObject {
  constructor(ctx, env) {
    this.ctx = ctx;
    this.env = env;
  }
}

/** Nothing ends an invocation of the simulation before its work. */
export function waitUntil(promise) {
  promise.catch(() => {});
}
