/** The hooks whose deliveries are recovered (`RECONCILE_HOOKS`). */
import type { GitHub } from "./client.ts";

/** A hook, and where GitHub lists its deliveries. */
export interface Hook {
  /** As it was configured. */
  readonly name: string;
  /** Of the list; one delivery is below it. */
  readonly path: string;
  readonly owner: string;
  readonly repo: string;
  readonly hook_id: number;
  /** The path of the App's installation that may read it; null for the App's own hook. */
  readonly installationPath: string | null;
}

const APP: Hook = {
  name: "app",
  path: "/app/hook/deliveries",
  owner: "",
  repo: "",
  hook_id: 0,
  installationPath: null,
};

/** Reads `org:<login>/<hook id>`, `repo:<owner>/<repo>/<hook id>` or `app`; undefined for anything else. */
export function parseHook(text: string): Hook | undefined {
  if (text === "app") return APP;
  const org = /^org:([\w-]+)\/(\d+)$/.exec(text);
  const repo = /^repo:([\w-]+)\/(?!\.{1,2}\/)([\w.-]+)\/(\d+)$/.exec(text);
  if (org !== null) {
    const [, owner = "", id] = org;
    return {
      name: text,
      path: "/orgs/{owner}/hooks/{hook_id}/deliveries",
      owner,
      repo: "",
      hook_id: Number(id),
      installationPath: "/orgs/{owner}/installation",
    };
  }
  if (repo === null) return undefined;
  const [, owner = "", name = "", id] = repo;
  return {
    name: text,
    path: "/repos/{owner}/{repo}/hooks/{hook_id}/deliveries",
    owner,
    repo: name,
    hook_id: Number(id),
    installationPath: "/repos/{owner}/{repo}/installation",
  };
}

/** If none is configured, an App's own hook is used. */
export function hooksOf(configured: readonly Hook[], mode: GitHub["mode"]): readonly Hook[] {
  if (configured.length > 0) return configured;
  return mode === "app" ? [APP] : [];
}
