/** What an operator can trace. */

export type TraceQuestion =
  | { readonly kind: "delivery"; readonly guid: string }
  | { readonly kind: "validation"; readonly id: string }
  | { readonly kind: "pull_request"; readonly repository: string; readonly number: number }
  | { readonly kind: "sha"; readonly sha: string };

const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const VALIDATION = /^\d+-(?:pr|mg|push)-[\w-]+-[0-9a-f]{40,64}-\d+$/;
const PULL_REQUEST_URL = /^https?:\/\/[^/\s]+\/([\w.-]+\/[\w.-]+)\/pull\/(\d{1,10})(?:[/?#].*)?$/;
const PULL_REQUEST = /^([\w.-]+\/[\w.-]+)#(\d{1,10})$/;
const SHA = /^[0-9a-f]{7,64}$/;

/** Undefined if it has none of the forms. */
export function parseTraceQuestion(text: string): TraceQuestion | undefined {
  const asked = text.trim();
  if (GUID.test(asked)) return { kind: "delivery", guid: asked.toLowerCase() };
  if (VALIDATION.test(asked)) return { kind: "validation", id: asked };
  const [, repository, number] = PULL_REQUEST_URL.exec(asked) ?? PULL_REQUEST.exec(asked) ?? [];
  if (repository !== undefined) return { kind: "pull_request", repository, number: Number(number) };
  if (SHA.test(asked.toLowerCase())) return { kind: "sha", sha: asked.toLowerCase() };
  // GitHub's GUIDs are UUIDs. Tests and other senders may use anything.
  return /^[\w.:~-]{1,200}$/.test(asked) ? { kind: "delivery", guid: asked } : undefined;
}
