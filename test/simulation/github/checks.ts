/** The check runs that GitHub shows. */

interface CheckOutput {
  readonly title?: string;
  readonly summary?: string;
  readonly text?: string;
}

interface CheckBody {
  readonly name?: string;
  readonly head_sha?: string;
  readonly external_id?: string;
  readonly status?: string;
  readonly conclusion?: string;
  readonly output?: CheckOutput;
}

export interface CheckRun {
  readonly id: number;
  readonly name: string;
  external_id: string;
  status: string;
  conclusion: string | null;
  /** Texts are kept only by their length: those of a day are gigabytes. */
  output: { title: string | null; summary: string | null; text: string | null };
  changedMs: number;
}

export class Checks {
  readonly counts = { created: 0, changed: 0 };
  /** External ids for which a second check run was created. */
  readonly doubled: string[] = [];
  readonly #byHead = new Map<string, CheckRun[]>();
  readonly #byId = new Map<number, CheckRun>();
  readonly #externalIds = new Set<string>();

  create(repository: string, body: CheckBody, nowMs: number): { readonly id: number } {
    const { external_id = "", head_sha = "", name = "" } = body;
    this.counts.created++;
    if (this.#externalIds.has(external_id)) this.doubled.push(external_id);
    this.#externalIds.add(external_id);
    const id = this.counts.created;
    const output = { title: null, summary: null, text: null };
    const run: CheckRun = { id, name, external_id, status: "", conclusion: null, output, changedMs: nowMs };
    apply(run, body, nowMs);
    this.#byId.set(id, run);
    const key = `${repository}@${head_sha}`;
    const others = this.#byHead.get(key);
    if (others === undefined) this.#byHead.set(key, [run]);
    else others.push(run);
    return { id };
  }

  change(id: number, body: CheckBody, nowMs: number): { readonly id: number } | undefined {
    const run = this.#byId.get(id);
    if (run === undefined) return undefined;
    this.counts.changed++;
    apply(run, body, nowMs);
    return { id };
  }

  list(repository: string, head: string): object {
    const check_runs = this.of(repository, head).map((run) => ({
      ...run,
      output: { ...run.output, annotations_count: 0 },
    }));
    return { total_count: check_runs.length, check_runs };
  }

  /** Oldest first. */
  of(repository: string, head: string): readonly CheckRun[] {
    return this.#byHead.get(`${repository}@${head}`) ?? [];
  }
}

function apply(run: CheckRun, body: CheckBody, nowMs: number): void {
  const { external_id = run.external_id, status = run.status, output } = body;
  run.external_id = external_id;
  run.status = status;
  // GitHub keeps no conclusion of a run that is no longer completed.
  run.conclusion = status === "completed" ? (body.conclusion ?? run.conclusion) : null;
  if (output !== undefined) {
    const { title = null, summary = null, text = null } = output;
    run.output = { title, summary, text };
  }
  run.changedMs = nowMs;
}
