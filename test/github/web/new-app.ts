/** GitHub's pages that make an App of a manifest: one shows it, one is pressed. */
import * as v from "valibot";
import { type Manifest, manifest } from "../client/manifest.ts";
import type { World } from "../request/world.ts";

export interface WebRequest {
  readonly method: string;
  /** Without the instance's prefix. */
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  /** A form. */
  readonly text: string;
}

export interface WebAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** The permission without which GitHub does not let an App subscribe. */
const PERMISSION_FOR: Readonly<Record<string, string>> = {
  check_run: "checks",
  check_suite: "checks",
  issue_comment: "issues",
  merge_group: "merge_queues",
  pull_request: "pull_requests",
  push: "contents",
  repository: "metadata",
};

const NEW = /^(?:\/organizations\/([\w-]+))?\/settings\/apps\/new$/;

/** @returns undefined if it is not one of these pages */
export function answerWeb(world: World, { method, path, query, text }: WebRequest): WebAnswer | undefined {
  const found = NEW.exec(path);
  if (found === null || method !== "POST") return undefined;
  const [, owner = "somebody"] = found;
  const form = new URLSearchParams(text);
  const given = form.get("manifest") ?? "";
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), manifest), given);
  if (!parsed.success)
    return page(422, `<p>Invalid: ${escapeHtml(JSON.stringify(v.flatten(parsed.issues)))}</p>`);
  const asked = { ...parsed.output, name: form.get("name") ?? parsed.output.name };
  const problems = problemsOf(world, asked);
  const { state = "" } = query;
  if (problems.length > 0 || !form.has("confirmed"))
    return page(problems.length > 0 ? 422 : 200, confirmation(asked, given, state, problems));
  const code = world.keepManifest(owner, asked);
  const leadsTo = new URL(asked.redirect_url);
  leadsTo.searchParams.set("code", code);
  if (state !== "") leadsTo.searchParams.set("state", state);
  return { status: 302, headers: { location: leadsTo.href }, text: "" };
}

function problemsOf(world: World, { name, hook_attributes, ...asked }: Manifest): string[] {
  const { hostname } = new URL(hook_attributes.url);
  return [
    ...(world.hasAppNamed(name) ? ["Name has already been taken"] : []),
    ...(/^(?:localhost|127\.|\[?::1)/.test(hostname)
      ? [`Hook url is not supported because it isn't reachable over the public Internet (${hostname})`]
      : []),
    ...asked.default_events
      .filter((event) => !Object.hasOwn(asked.default_permissions, PERMISSION_FOR[event] ?? ""))
      .map((event) => `Default events are not supported by permissions: ${event}`),
  ];
}

const confirmation = (asked: Manifest, given: string, state: string, problems: readonly string[]): string =>
  `${problems.map((problem) => `<p role="alert">${escapeHtml(problem)}</p>`).join("")}
<form method="post" action="?state=${encodeURIComponent(state)}">
<input type="hidden" name="manifest" value="${escapeHtml(given)}"><input type="hidden" name="confirmed" value="1">
<label>GitHub App name <input name="name" value="${escapeHtml(asked.name)}"></label>
<button>Create GitHub App</button></form>`;

const page = (status: number, body: string): WebAnswer => ({
  status,
  headers: { "content-type": "text/html; charset=utf-8" },
  text: `<!doctype html><link rel="icon" href="data:,"><title>Create GitHub App</title><h1>Create GitHub App</h1>${body}`,
});

const escapeHtml = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
