/** What people may do in a repository. */
import { inRepository } from "../request/access.ts";
import type { Routes } from "../request/call.ts";

export const collaboratorRoutes: Routes = {
  "repos/get-collaborator-permission-level": {
    credentials: ["token", "installation"],
    permission: ["metadata", "read"],
    serve: inRepository(({ world, params }) => {
      const role_name = world.spec.collaborators[params.username?.toLowerCase() ?? ""] ?? "read";
      // GitHub has four permissions, and names roles beside them.
      const permission = role_name === "maintain" ? "write" : role_name === "triage" ? "read" : role_name;
      return { status: 200, body: { permission, role_name, user: null } };
    }),
  },
};
