/** The budget of a sender. */
import type { Routes } from "../request/call.ts";

export const rateLimitRoutes: Routes = {
  "rate-limit/get": {
    credentials: ["none", "token", "app", "installation"],
    serve({ limits, identity, now }) {
      const rate = limits.budget(identity, now);
      const reset = rate.reset;
      const search = { limit: 30, used: 0, remaining: 30, reset };
      const graphql = { limit: 5000, used: 0, remaining: 5000, reset };
      return { status: 200, body: { resources: { core: rate, search, graphql }, rate } };
    },
  },
};
