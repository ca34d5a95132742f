/** Check runs. */
import * as v from "valibot";
import { inRepository } from "../request/access.ts";
import { integration, nodeId } from "../request/accounts.ts";
import type { Call, Routes } from "../request/call.ts";
import { requireCommit } from "../request/commits.ts";
import { numberedPage } from "../request/pages.ts";
import { invalidField, invalidRequest, notFound, type Reply, timestamp } from "../request/reply.ts";
import type { CheckRun, Repository } from "../request/world.ts";

/** GitHub limits characters (in the description) and then bytes (which only its answers show). */
const MAX_BYTES = 65_535;
const MAX_TITLE = 255;

const output = v.object({
  title: v.exactOptional(v.string()),
  summary: v.string(),
  text: v.exactOptional(v.string()),
  annotations: v.optional(v.array(v.unknown()), []),
});

const changes = v.object({
  name: v.exactOptional(v.string()),
  details_url: v.exactOptional(v.string()),
  external_id: v.exactOptional(v.string()),
  status: v.exactOptional(v.string()),
  started_at: v.exactOptional(v.string()),
  conclusion: v.exactOptional(v.string()),
  completed_at: v.exactOptional(v.string()),
  output: v.exactOptional(output),
});

const creation = v.object({ ...changes.entries, name: v.string(), head_sha: v.string() });
const sent = v.record(v.string(), v.unknown());

function create(call: Call, repository: Repository): Reply {
  const { world, now } = call;
  const asked = v.parse(creation, call.body);
  refuse(asked);
  const head_sha = requireCommit(repository, asked.head_sha);
  const id = world.nextId();
  const run: CheckRun = {
    id,
    repository: repository.full_name,
    suite: world.numberOf(`suite ${repository.full_name} ${head_sha}`),
    name: asked.name,
    head_sha,
    status: "queued",
    conclusion: null,
    details_url: "https://gateway.example",
    external_id: "",
    started_at: timestamp(now),
    completed_at: null,
    output: { title: null, summary: null, text: null, annotations_count: 0 },
    history: [],
  };
  world.checkRuns.set(id, run);
  change(call, run, asked, "POST");
  return { status: 201, body: shown(call, run), headers: { location: addressOf(call, run) } };
}

function update(call: Call, repository: Repository): Reply {
  const run = found(call, repository);
  const asked = v.parse(changes, call.body);
  refuse(asked);
  change(call, run, asked, "PATCH");
  return { status: 200, body: shown(call, run) };
}

function change(
  { identity, now, body }: Call,
  run: CheckRun,
  asked: v.InferOutput<typeof changes>,
  method: "POST" | "PATCH",
): void {
  const { output, status, conclusion, started_at, completed_at, ...plain } = asked;
  const { name, details_url, external_id } = plain;
  if (name !== undefined) run.name = name;
  if (details_url !== undefined) run.details_url = details_url;
  if (external_id !== undefined) run.external_id = external_id;
  if (started_at !== undefined) run.started_at = timestamp(Date.parse(started_at));
  // A conclusion completes, whatever the status says; another status takes the conclusion back.
  if (conclusion !== undefined) {
    run.status = "completed";
    run.conclusion = conclusion;
    run.completed_at = timestamp(completed_at === undefined ? now : Date.parse(completed_at));
  } else if (status !== undefined) {
    run.status = status;
    run.conclusion = null;
    run.completed_at = null;
  }
  if (output !== undefined) {
    const { annotations, ...texts } = output;
    // Annotations are added to those that are there.
    const annotations_count = run.output.annotations_count + annotations.length;
    run.output = { ...run.output, ...texts, annotations_count };
  }
  const installation_id = identity.kind === "installation" ? identity.grant.installation.id : 0;
  run.history.push({ method, at: now, installation_id, body: v.parse(sent, body) });
}

/** @throws Refusal for what GitHub does not take, though the description does */
function refuse({ status, conclusion, details_url, output }: v.InferOutput<typeof changes>): void {
  if (status === "completed" && conclusion === undefined)
    throw invalidRequest(['"conclusion" wasn\'t supplied.']);
  if (conclusion === "stale")
    throw invalidField("CheckRun", "conclusion", "conclusion can only be set to stale by GitHub");
  if (details_url !== undefined && !/^https?:\/\//i.test(details_url))
    throw invalidField("CheckRun", "details_url", "details_url must use the http or https scheme");
  if ([...(output?.title ?? "")].length > MAX_TITLE)
    throw invalidField("CheckRun", "title", `title is too long (maximum is ${MAX_TITLE} characters)`);
  for (const field of ["summary", "text"] as const)
    if (Buffer.byteLength(output?.[field] ?? "") > MAX_BYTES)
      throw invalidField("CheckRun", field, `${field} exceeds a maximum bytesize of ${MAX_BYTES}`);
}

function list(call: Call, repository: Repository): Reply {
  const { world, params, query } = call;
  const sha = requireCommit(repository, params.ref ?? "");
  const matching = [...world.checkRuns.values()]
    .filter((one) => one.repository === repository.full_name && one.head_sha === sha)
    .filter((one) => query.check_name === undefined || one.name === query.check_name)
    .filter((one) => query.status === undefined || one.status === query.status)
    .filter(() => query.app_id === undefined || Number(query.app_id) === world.app?.id)
    .sort((a, b) => b.id - a.id);
  const latest = new Map(matching.toReversed().map((one) => [one.name, one]));
  const runs = query.filter === "all" ? matching : matching.filter((one) => latest.get(one.name) === one);
  const { items, headers } = numberedPage(runs, call);
  const check_runs = items.map((one) => shown(call, one));
  return { status: 200, body: { total_count: runs.length, check_runs }, headers };
}

function found({ world, params }: Call, repository: Repository): CheckRun {
  const run = world.checkRuns.get(Number(params.check_run_id));
  if (run === undefined || run.repository !== repository.full_name) throw notFound();
  return run;
}

function shown(call: Call, run: CheckRun) {
  const { id, name, head_sha, external_id, status, conclusion, started_at, completed_at, details_url } = run;
  const { app } = call.world;
  const url = addressOf(call, run);
  return {
    id,
    name,
    node_id: nodeId("CheckRun", id),
    head_sha,
    external_id,
    url,
    html_url: `https://github.com/${run.repository}/runs/${id}`,
    details_url,
    status,
    conclusion,
    started_at,
    completed_at,
    output: { ...run.output, annotations_url: `${url}/annotations` },
    check_suite: { id: run.suite },
    app: app === undefined ? null : integration(call, app),
    pull_requests: [],
  };
}

const addressOf = ({ baseUrl }: Call, { repository, id }: CheckRun): string =>
  `${baseUrl}/repos/${repository}/check-runs/${id}`;

const readers = { credentials: ["token", "installation"], permission: ["checks", "read"] } as const;
/** Only an App can write check runs. */
const writers = { credentials: ["installation"], permission: ["checks", "write"] } as const;

export const checkRunRoutes: Routes = {
  "checks/create": { ...writers, serve: inRepository(create) },
  "checks/update": { ...writers, serve: inRepository(update) },
  "checks/get": {
    ...readers,
    serve: inRepository((call, repository) => ({ status: 200, body: shown(call, found(call, repository)) })),
  },
  "checks/list-for-ref": { ...readers, serve: inRepository(list) },
};
