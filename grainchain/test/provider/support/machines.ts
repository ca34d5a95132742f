/** The sandboxes behind a double of a service: each is a directory of this machine, in which commands really run. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";

export interface Machine {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly network: boolean;
  readonly lifetimeSeconds: number;
  readonly directory: string;
  /** Every command, with its environment. */
  readonly commands: { command: string; env: Record<string, string> }[];
  isClosed: boolean;
}

/** What a double does wrong, until it has done it so often. */
export interface Faults {
  /** Creates a sandbox, and does not answer. */
  lostAnswers: number;
  /** Refuses to close. */
  failedCloses: number;
}

export type Created = Pick<Machine, "labels" | "network" | "lifetimeSeconds">;

/** Of one service. */
export class Machines {
  readonly all: Machine[] = [];
  readonly faults: Faults = { lostAnswers: 0, failedCloses: 0 };
  readonly #running = new Map<string, Set<ChildProcess>>();
  readonly #makeDirectory: () => string;

  constructor(makeDirectory: () => string) {
    this.#makeDirectory = makeDirectory;
  }

  create(created: Created): Machine {
    const id = `sandbox-${this.all.length + 1}`;
    const machine = { ...created, id, directory: this.#makeDirectory(), commands: [], isClosed: false };
    this.all.push(machine);
    this.#running.set(id, new Set());
    return machine;
  }

  /** Undefined for one that is closed. */
  find(id: string | undefined): Machine | undefined {
    return this.open().find((one) => one.id === id);
  }

  open(): Machine[] {
    return this.all.filter(({ isClosed }) => !isClosed);
  }

  put(machine: Machine, path: string, bytes: Buffer): void {
    const file = inside(machine, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
  }

  async run(machine: Machine, command: string, env: Record<string, string>) {
    machine.commands.push({ command, env });
    const child = spawn("sh", ["-c", inside(machine, command)], {
      cwd: machine.directory,
      env: { PATH: process.env.PATH, ...env },
      stdio: ["ignore", "pipe", "ignore"],
      detached: true,
    });
    const running = this.#running.get(machine.id);
    running?.add(child);
    const ended = new Promise<number>((resolve) => child.once("exit", (code) => resolve(code ?? 137)));
    const [stdout, exitCode] = await Promise.all([text(child.stdout), ended]);
    running?.delete(child);
    return { exitCode, stdout };
  }

  /** Whether to end the connection instead of answering. */
  losesAnswer(): boolean {
    if (this.faults.lostAnswers === 0) return false;
    this.faults.lostAnswers -= 1;
    return true;
  }

  /** @returns false if it does not close this time */
  close(machine: Machine): boolean {
    if (this.faults.failedCloses > 0) {
      this.faults.failedCloses -= 1;
      return false;
    }
    machine.isClosed = true;
    for (const child of this.#running.get(machine.id) ?? []) {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }
    return true;
  }
}

/** The sandbox's own `/tmp` is in its directory. */
const inside = ({ directory }: Machine, given: string): string =>
  given.replaceAll("/tmp/", `${join(directory, "tmp")}/`);
