/** GitHub's own examples as templates, so that thousands of payloads a second cost no more than their text. */
import webhooks from "@octokit/webhooks-examples" with { type: "json" };
import { type PayloadTemplate, TEMPLATES, type TemplateName } from "./report/spec.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type JsonObject = { [name: string]: Json };

/** A value that is filled in later; `#`: without quotes. */
const slot = (name: string): string => `«${name}»`;
const SLOT = /"«#(\w+)»"|«(\w+)»/g;

const USER = { login: slot("sender"), id: 1, type: "User", site_admin: false };

function templateOf(name: TemplateName): PayloadTemplate {
  const [event, action] = name.split(".");
  const example = webhooks
    .find((one) => one.name === event)
    ?.examples.find((one) => action === undefined || ("action" in one && one.action === action));
  if (example === undefined) throw new Error(`there is no example of ${name}`);
  const payload: JsonObject = JSON.parse(JSON.stringify(example));
  const filled = { ...payload, ...SLOTS[event ?? ""]?.(payload), sender: USER, installation: INSTALLATION };
  const json = JSON.stringify({ ...filled, repository: repositoryOf(object(payload.repository)) });
  return { texts: json.split(SLOT).filter((_, i) => i % 3 === 0), names: namesIn(json) };
}

const namesIn = (json: string): string[] => [...json.matchAll(SLOT)].map(([, a, b]) => a ?? b ?? "");

const INSTALLATION = { id: slot("#installation"), node_id: "MDIz" };

/** Without the addresses that are patterns: they are half of a payload, and all alike. */
const repositoryOf = (repository: JsonObject): JsonObject => ({
  ...Object.fromEntries(Object.entries(repository).filter(([, value]) => !String(value).includes("{/"))),
  id: slot("#repositoryId"),
  name: slot("name"),
  full_name: slot("fullName"),
  html_url: `https://github.com/${slot("fullName")}`,
  clone_url: `https://github.com/${slot("fullName")}.git`,
  pushed_at: slot("#seconds"),
});

const SLOTS: Readonly<Record<string, (payload: JsonObject) => JsonObject>> = {
  pull_request: (payload) => {
    const pull = object(payload.pull_request);
    const side = (name: "head" | "base") => ({
      ...object(pull[name]),
      sha: slot(name),
      repo: repositoryOf(object(object(pull[name]).repo)),
    });
    return {
      number: slot("#number"),
      ...(payload.action === "synchronize" ? { before: slot("before"), after: slot("head") } : {}),
      pull_request: {
        ...pull,
        number: slot("#number"),
        html_url: `https://github.com/${slot("fullName")}/pull/${slot("number")}`,
        updated_at: slot("updatedAt"),
        draft: false,
        author_association: "MEMBER",
        head: side("head"),
        base: side("base"),
      },
    };
  },
  push: () => ({ ref: "refs/heads/topic", before: slot("before"), after: slot("head"), deleted: false }),
  issue_comment: (payload) => ({
    issue: {
      ...object(payload.issue),
      number: slot("#number"),
      pull_request: { url: "https://api.github.com" },
    },
    comment: {
      ...object(payload.comment),
      id: slot("#commentId"),
      body: slot("text"),
      author_association: "MEMBER",
    },
  }),
};

function object(value: Json | undefined): JsonObject {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("not an object");
  return value;
}

export const payloadTemplates = (): Readonly<Record<TemplateName, PayloadTemplate>> =>
  Object.fromEntries(TEMPLATES.map((name) => [name, templateOf(name)])) as Record<
    TemplateName,
    PayloadTemplate
  >;
