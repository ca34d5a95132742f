/** Requests to what people use, by people who may and by others: the operator API, the dashboard, the pages of runs. */
import { capabilityToken, runPagePath } from "@webhook-gateway/shared/domain/capability.ts";
import fc from "fast-check";
import { SECRETS } from "../../support/gateway.ts";
import { type Attack, freshClient } from "./attack.ts";
import { anyBody, NASTY_TEXTS, nastyValue } from "./bodies.ts";
import { isPage } from "./documented.ts";

export interface PersonRequest {
  readonly attack: Attack;
  /** The statuses that this person may get; undefined: every documented one. */
  readonly expected: readonly number[] | undefined;
}

/** What is there to ask for. */
export interface Known {
  readonly ids: readonly string[];
  readonly repository: string;
  /** The cookie of somebody who is signed in as an operator. */
  readonly session: string;
}

const basic = (token: string): string => `Basic ${Buffer.from(`ada:${token}`).toString("base64")}`;

const PEOPLE = {
  operator: [`Bearer ${SECRETS.OPERATOR_TOKEN}`, basic(SECRETS.OPERATOR_TOKEN)],
  reader: [`Bearer ${SECRETS.READER_TOKEN}`, basic(SECRETS.READER_TOKEN)],
  stranger: [
    ...["", "Bearer ", "Bearer guess", basic("guess"), "Basic %", `Bearer ${SECRETS.GITHUB_WEBHOOK_SECRET}`],
    ...[`bearer${SECRETS.OPERATOR_TOKEN}`, `Bearer ${SECRETS.OPERATOR_TOKEN}x`, "Digest a=b"],
  ],
} as const;
type Person = keyof typeof PEOPLE;

const LISTS = "validations deliveries dead-letters replays reconciles audits actions flakes pauses".split(
  " ",
);
const API_COMMANDS = [
  ..."pauses pauses/resume validations/rerun validations/cancel replays dead-letters/discard".split(" "),
  ..."audits reconciles validations/{id}/approve validations/{id}/cancel validations/{id}/rerun".split(" "),
  "replays/{id}/cancel",
];
const FORMS = [
  ..."pause resume repositories/{repo}/pause repositories/{repo}/resume validations/{id}/approve".split(" "),
  ..."validations/{id}/cancel validations/{id}/rerun replays/{id}/cancel dead-letters/confirm".split(" "),
  ..."dead-letters/replay dead-letters/discard".split(" "),
];
const PAGES = [
  ...[
    "",
    "/search?q={text}",
    "/login?next={text}",
    "/repositories",
    "/repositories/{repo}",
    "/pulls/{repo}/1",
  ],
  ...["/validations/{id}", "/dead-letters/{id}", "/assets/{text}/{text}", ...LISTS.map((list) => `/${list}`)],
];
const QUERY = "repo state event since until limit cursor actor action kind class sha pr notice q".split(" ");
const FIELDS = [
  ..."repository for_seconds reason scope dry_run rate id do filter all ids since repositories".split(" "),
  ..."token next".split(" "),
];

const encoded = (text: string): string => encodeURIComponent(text.toWellFormed());
const shortText = fc.constantFrom(...NASTY_TEXTS.filter(({ length }) => length < 1000));

/** Values that a field really takes, beside nasty ones. */
const fieldValue = ({ ids, repository }: Known) =>
  fc.oneof(
    fc.constantFrom<unknown>(repository, 60, "60", "", true, "true", [...ids], { all: true }, '{"all":true}'),
    fc.constantFrom<unknown>("replay-selected", "discard-matching", { filter: { repo: repository } }, {}),
    nastyValue,
  );

/** Fields that some route takes, of which one may be another value, and any fields. */
const fields = (known: Known): fc.Arbitrary<Record<string, unknown>> => {
  const { ids, repository } = known;
  const scope = { ids: [...ids] };
  const good: Record<string, unknown>[] = [
    ...[{}, { repository }, { for_seconds: 60, reason: "upgrade" }, { scope, dry_run: true }],
    ...[{ scope, reason: "again", rate: 60 }, { scope: { all: true }, dry_run: true }, { dry_run: true }],
    ...[
      { scope: JSON.stringify({ all: true }), rate: "60" },
      { do: "replay-matching", filter: "{}" },
    ],
  ];
  const anything = fc.dictionary(fc.constantFrom(...FIELDS), fieldValue(known), { maxKeys: 4 });
  const changed = fc
    .tuple(
      fc.constantFrom(...good),
      fc.dictionary(fc.constantFrom(...FIELDS), fieldValue(known), { maxKeys: 1 }),
    )
    .map(([one, change]) => ({ ...one, ...change }));
  return fc.oneof(fc.constantFrom(...good), changed, anything);
};

const query = fc
  .dictionary(fc.constantFrom(...QUERY), shortText, { maxKeys: 3 })
  .map((given) => Object.entries(given).map(([name, text]) => `${name}=${encoded(text)}`))
  .map((pairs) => (pairs.length === 0 ? "" : `?${pairs.join("&")}`));

const filled = ({ ids, repository }: Known, templates: readonly string[]) =>
  fc
    .tuple(fc.constantFrom(...templates), fc.constantFrom(...ids, ...NASTY_TEXTS), shortText, fc.boolean())
    .map(([template, id, text, exists]) =>
      template
        .replace("{id}", encoded(id))
        .replace("{repo}", exists ? repository : `${encoded(text)}/${encoded(text)}`)
        .replaceAll("{text}", encoded(text)),
    );

const formText = (given: Readonly<Record<string, unknown>>): string =>
  Object.entries(given)
    .map(([name, value]) => `${name}=${encoded(typeof value === "string" ? value : JSON.stringify(value))}`)
    .join("&");

const json = { "content-type": "application/json" };
const form = { "content-type": "application/x-www-form-urlencoded" };

const person = fc
  .constantFrom<Person>("operator", "operator", "reader", "stranger")
  .chain((who) => fc.constantFrom(...PEOPLE[who]).map((authorization) => ({ who, authorization })));

/** Statuses of those who are not let in: something is refused, not there, or leads to the login form. */
const REFUSED = [302, 303, 400, 401, 403, 404, 405, 413];

const request = (
  method: string,
  path: string,
  headers: Attack["headers"],
  body: Buffer | string,
  expected?: readonly number[],
): PersonRequest => ({
  attack: {
    method,
    path,
    headers: { "cf-connecting-ip": freshClient(), ...headers },
    body: Buffer.from(body),
  },
  expected,
});

const apiReads = (known: Known) =>
  fc
    .tuple(
      fc.constantFrom("GET", "HEAD"),
      filled(known, [
        ...LISTS,
        "status",
        "metrics",
        "trace",
        "openapi.json",
        ...LISTS.map((l) => `${l}/{id}`),
      ]),
      query,
      person,
    )
    .map(([method, path, search, { who, authorization }]) =>
      request(
        ...([method, `/api/${path}${search}`, { authorization }, ""] as const),
        who === "stranger" ? [401, 404, 405] : undefined,
      ),
    );

const apiCommands = (known: Known) =>
  fc
    .tuple(
      fc.constantFrom("POST", "POST", "POST", "PUT", "DELETE"),
      filled(known, API_COMMANDS),
      fc.oneof({ weight: 4, arbitrary: fields(known).map((given) => JSON.stringify(given)) }, anyBody),
      person,
    )
    .map(([method, path, body, { who, authorization }]) =>
      request(
        ...([method, `/api/${path}`, { ...json, authorization }, body] as const),
        who === "operator" ? undefined : [401, 403, 404, 405],
      ),
    );

const pages = (known: Known) =>
  fc
    .tuple(filled(known, PAGES), query, person, fc.constantFrom("text/html", "*/*"))
    .map(([path, search, { who, authorization }, accept]) => {
      const address = `/dashboard${path}${path.includes("?") ? "" : search}`;
      // Dots may lead out of the dashboard.
      const isOpen = /^\/(?:login|assets)/.test(path) || !isPage(address);
      return request(
        ...(["GET", address, { authorization, accept }, ""] as const),
        who === "stranger" && !isOpen ? REFUSED : undefined,
      );
    });

const SITES = ["same-origin", "same-origin", "same-origin", "cross-site", "same-site", "none"] as const;

const forms = (known: Known) =>
  fc
    .tuple(
      filled(known, FORMS),
      fc.oneof({ weight: 4, arbitrary: fields(known).map(formText) }, anyBody),
      fc.constantFrom(...SITES),
      fc.oneof(
        person,
        fc.constant({ who: "session" as const, authorization: "" }),
        fc.constant({ who: "forged" as const, authorization: "" }),
      ),
    )
    .map(([path, body, site, { who, authorization }]) => {
      const cookie = who === "session" ? known.session : who === "forged" ? forgedFrom(known.session) : "";
      const credentials = cookie === "" ? { authorization } : { cookie };
      const may = (who === "operator" || who === "session") && site === "same-origin";
      const headers = { ...form, ...credentials, "sec-fetch-site": site };
      // A form that does something is answered with a page or a redirect to one.
      const refused = REFUSED.filter((status) => status !== 303);
      return request("POST", `/dashboard/${path}`, headers, body, may ? undefined : refused);
    });

/** The last character but one: the last one's bits may not all count. */
const forgedFrom = (cookie: string): string =>
  `${cookie.slice(0, -2)}${cookie.at(-2) === "A" ? "B" : "A"}${cookie.slice(-1)}`;

const logins = fc
  .tuple(fc.oneof(shortText, fc.constant("guess")), shortText, fc.constantFrom(...SITES))
  .map(([token, next, site]) =>
    request(
      ...([
        "POST",
        "/dashboard/login",
        { ...form, "sec-fetch-site": site },
        formText({ token, next }),
      ] as const),
      [400, 401, 403, 413],
    ),
  );

/** With a run's own token, another run's, a callback's, and texts. */
const runPages = ({ ids }: Known) =>
  fc
    .tuple(fc.constantFrom(...ids), fc.constantFrom(...ids, ...NASTY_TEXTS), shortText, fc.nat(2))
    .map(([id, other, text, which]) => ({ id, other, text, which }));

async function runPage(given: {
  readonly id: string;
  readonly other: string;
  readonly text: string;
  readonly which: number;
}): Promise<PersonRequest> {
  const { id, other, text, which } = given;
  const secret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
  const own = (await runPagePath(secret, id)).split("/").at(-1) ?? "";
  const token = [own, await capabilityToken(secret, id), encoded(text)][which] ?? "";
  const isIts = which === 0 && other === id;
  const path = `/runs/${encoded(other)}/${token}`;
  const refused = isPage(path) ? [404] : undefined;
  return request("GET", path, {}, "", isIts ? [200] : refused);
}

/** Anything that a person or a stranger may send. */
export const anyPersonRequest = (known: Known): fc.Arbitrary<PersonRequest | Promise<PersonRequest>> =>
  fc.oneof(
    { weight: 3, arbitrary: apiCommands(known) },
    { weight: 3, arbitrary: forms(known) },
    { weight: 2, arbitrary: apiReads(known) },
    { weight: 2, arbitrary: pages(known) },
    { weight: 1, arbitrary: logins },
    { weight: 1, arbitrary: runPages(known).map(runPage) },
  );
