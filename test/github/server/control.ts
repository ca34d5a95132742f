/** The control API with which tests create and change instances of the double. */
import { randomBytes } from "node:crypto";
import * as v from "valibot";
import type { InstanceState } from "../client/record.ts";
import { addedDeliveries, changedPulls, installation, instanceSpec, revocation } from "../client/spec.ts";
import { Instance } from "./instance.ts";

export interface ControlAnswer {
  readonly status: number;
  readonly body: unknown;
}

const done: ControlAnswer = { status: 200, body: {} };

/** The instances of a server. */
export class Instances {
  readonly #instances = new Map<string, Instance>();

  find(id: string): Instance | undefined {
    return this.#instances.get(id);
  }

  /** Serves `/_double…`. @param path the rest of the path */
  control(method: string, path: string, body: unknown, url: string): ControlAnswer {
    try {
      if (path === "" && method === "POST") return this.#create(body, url);
      const [, id = "", rest = ""] = /^\/([^/]+)(\/.*)?$/.exec(path) ?? [];
      if (rest === "" && method === "DELETE") {
        this.#instances.delete(id);
        return done;
      }
      const instance = this.#instances.get(id);
      if (instance === undefined) return { status: 404, body: { message: "no such instance" } };
      return serve(instance, `${method} ${rest}`, body);
    } catch (thrown) {
      const message = v.isValiError(thrown) ? JSON.stringify(v.flatten(thrown.issues)) : String(thrown);
      return { status: 400, body: { message } };
    }
  }

  #create(body: unknown, url: string): ControlAnswer {
    const id = randomBytes(6).toString("hex");
    this.#instances.set(id, new Instance(v.parse(instanceSpec, body)));
    return { status: 201, body: { id, url: `${url}/${id}` } };
  }
}

function serve(instance: Instance, route: string, body: unknown): ControlAnswer {
  const { world, faults } = instance;
  switch (route) {
    case "GET /requests":
      return { status: 200, body: instance.requests };
    case "GET /violations":
      return { status: 200, body: instance.violations };
    case "GET /state":
      return { status: 200, body: stateOf(instance) };
    case "POST /faults":
      faults.add(body);
      return done;
    case "DELETE /faults":
      faults.clear();
      return done;
    case "POST /pulls":
      world.setPulls(v.parse(changedPulls, body).pulls);
      return done;
    case "POST /deliveries": {
      const { hook_id, deliveries } = v.parse(addedDeliveries, body);
      const hook = world.hooks.find((one) => one.id === hook_id);
      if (hook === undefined) throw new Error(`there is no hook ${hook_id}`);
      hook.deliveries.push(...deliveries);
      return done;
    }
    case "POST /installations":
      world.install(v.parse(installation, body));
      return done;
    case "POST /tokens/revoke": {
      const { token, installation_id } = v.parse(revocation, body);
      for (const grant of world.grants.values())
        if (
          (token ?? grant.token) === grant.token &&
          (installation_id ?? grant.installation.id) === grant.installation.id
        )
          grant.revoked = true;
      return done;
    }
    default:
      return { status: 404, body: { message: `there is no ${route}` } };
  }
}

function stateOf({ world }: Instance): InstanceState {
  const { statuses, reactions, redeliveries, checkRuns, grants } = world;
  return {
    check_runs: Object.fromEntries(checkRuns),
    statuses,
    reactions,
    redeliveries,
    tokens: [...grants.values()].map(({ token, installation, permissions, expires_at, revoked }) => ({
      token,
      installation_id: installation.id,
      permissions,
      expires_at,
      revoked,
    })),
  };
}
