/** All texts that a gateway shows or stores. */
import type { GitHub } from "../../../github/client/client.ts";
import type { Rows } from "../../../system/database.ts";

/** Every cell of every table. */
export async function tablesOf(rows: Rows): Promise<Map<string, string>> {
  const tables = await rows("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')");
  const names = tables.map(({ name }) => String(name)).filter((name) => !/^(?:sqlite_|_cf_)/.test(name));
  const read = names.map(async (name) => {
    const cells = await rows(`SELECT * FROM "${name}"`);
    return [`table ${name}`, JSON.stringify(cells)] as const;
  });
  return new Map(await Promise.all(read));
}

/** Everything that was sent to GitHub. */
export async function sentToGitHub(github: GitHub): Promise<Map<string, string>> {
  const requests = await github.requests();
  const { check_runs, statuses, reactions } = await github.state();
  const bodies = requests.map(({ method, path, query, body }) => ({ method, path, query, body }));
  return new Map([
    ["requests to GitHub", JSON.stringify(bodies)],
    ["what GitHub shows", JSON.stringify([check_runs, statuses, reactions])],
  ]);
}

interface Login {
  readonly operator: string;
  readonly reader: string;
}

/** All pages and API answers: lists and their items. */
export async function answersOf(url: string, rows: Rows, login: Login): Promise<Map<string, string>> {
  const ids = async (table: string): Promise<string[]> =>
    (await rows(`SELECT id FROM ${table}`)).map(({ id }) => encodeURIComponent(String(id)));
  const [deliveries, validations, deadLetters, replays, reconciles] = await Promise.all(
    ["deliveries", "validations", "dead_letters", "replays", "reconciles"].map(ids),
  );
  const api = [
    ...[
      "openapi.json",
      "status",
      "metrics",
      "deliveries",
      "validations",
      "dead-letters",
      "replays",
      "reconciles",
    ],
    ...(deliveries ?? []).map((id) => `trace?q=${id}`),
    ...(validations ?? []).flatMap((id) => [`validations/${id}`, `trace?q=${id}`]),
    ...(deadLetters ?? []).map((id) => `dead-letters/${id}`),
    ...(replays ?? []).map((id) => `replays/${id}`),
    ...(reconciles ?? []).map((id) => `reconciles/${id}`),
  ].map((path) => `/api/${path}`);
  const pages = [
    ...[
      "",
      "/deliveries",
      "/validations",
      "/dead-letters",
      "/replays",
      "/reconciles",
      "/search?q=acme%2Fwidgets",
    ],
    ...(validations ?? []).map((id) => `/validations/${id}`),
    ...(deadLetters ?? []).map((id) => `/dead-letters/${id}`),
    ...(deliveries ?? []).map((id) => `/search?q=${id}`),
    ...["/pulls/acme/widgets/1", "/nothing"],
  ].map((path) => `/dashboard${path}`);
  const open = ["/", "/health", "/webhook/projects/acme/widgets/status", "/webhook/github", "/nothing"];
  const bearer = `Bearer ${login.operator}`;
  const basic = `Basic ${btoa(`ada:${login.reader}`)}`;
  const asked = [
    ...api.map((path) => [path, bearer] as const),
    ...pages.map((path) => [path, basic] as const),
    ...[...open, ...api, ...pages].slice(0, 60).map((path) => [path, "Bearer guess"] as const),
  ];
  const answers = asked.map(async ([path, authorization]) => {
    const response = await fetch(url + path, { headers: { authorization }, redirect: "manual" });
    const headers = JSON.stringify([...response.headers]);
    return [`${path} (${response.status})`, headers + (await response.text())] as const;
  });
  return new Map(await Promise.all(answers));
}
