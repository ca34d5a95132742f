/** Checks what the sender of a request may see and do. */
import type { Call, Route } from "./call.ts";
import { notFound, Refusal, type Reply } from "./reply.ts";
import type { Repository } from "./world.ts";

/** @throws {Refusal} if these credentials do not allow the operation */
export function authorize(route: Route, { identity }: Call): void {
  if (route.credentials.includes(identity.kind)) {
    if (identity.kind !== "installation" || route.permission === undefined) return;
    const [name, level] = route.permission;
    const given = identity.grant.permissions[name];
    if (given === "write" || given === level) return;
    throw new Refusal(403, "Resource not accessible by integration");
  }
  if (identity.kind === "none") throw new Refusal(401, "Requires authentication");
  if (identity.kind === "app") throw new Refusal(403, "Resource not accessible by integration");
  if (route.credentials.includes("app")) throw new Refusal(401, "A JSON web token could not be decoded");
  // The messages for classic and for fine-grained tokens.
  const classic = identity.kind === "token" && identity.token.startsWith("ghp_");
  throw new Refusal(
    403,
    classic ? "You must authenticate via a GitHub App." : "Resource not accessible by personal access token",
  );
}

/** The repository of the path. @throws {Refusal} if it is missing or hidden from the sender */
export function visibleRepository({ world, identity, params }: Call): Repository {
  const repository = world.repository(`${params.owner}/${params.repo}`);
  if (repository === undefined) throw notFound();
  const hidden =
    identity.kind === "installation" && !identity.grant.repositories.has(repository.full_name.toLowerCase());
  // GitHub answers the same for hidden and for missing repositories.
  if (hidden) throw notFound();
  return repository;
}

/** Serves requests about a repository that the sender can see. */
export const inRepository =
  (serve: (call: Call, repository: Repository) => Reply): Route["serve"] =>
  (call) =>
    serve(call, visibleRepository(call));
