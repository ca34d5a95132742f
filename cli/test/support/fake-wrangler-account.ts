/** An account at Cloudflare, kept in a JSON file that the fake Wrangler and the fake API share. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { listMigrations } from "../../src/cloudflare/databases.ts";

export const ACCOUNT_ID = "0123456789abcdef0123456789abcdef";
export const API_TOKEN = "the-cloudflare-token";

export interface FakeQueue {
  readonly name: string;
  /** Seconds; null: the API does not say. */
  retention: number | null;
  consumers: { readonly type: string; readonly script?: string }[];
}

export interface FakeDatabase {
  readonly uuid: string;
  readonly name: string;
  /** Names of migrations; null before the first. */
  applied: string[] | null;
}

/** Makes a command fail. */
export interface Broken {
  /** What the command line begins with. */
  readonly on: string;
  readonly problem?: string;
  readonly times: number;
  /** It is done nevertheless. */
  readonly after?: boolean;
  /** The error is printed as JSON. */
  readonly json?: boolean;
  readonly hangs?: boolean;
}

export interface FakeBucket {
  readonly name: string;
  rules: { readonly id: string; readonly prefix: string; readonly days: number }[];
}

export interface FakeState {
  readonly token: string;
  readonly migrations: readonly string[];
  readonly maxRetention: number;
  readonly wranglerVersion?: string;
  /** A part of the API that the token has no right to. */
  refused?: string;
  queues: FakeQueue[];
  databases: FakeDatabase[];
  buckets: FakeBucket[];
  /** That the database knows. */
  repositories?: readonly { readonly repository: string; readonly secret: string | null }[];
  workers: Record<string, { secrets: Record<string, string> }>;
  broken: Broken[];
}

export const MIGRATIONS = listMigrations(path.join(ROOT, "shared/migrations"));
const FOURTEEN_DAYS = 1_209_600;

const EMPTY: FakeState = {
  token: API_TOKEN,
  migrations: MIGRATIONS,
  maxRetention: FOURTEEN_DAYS,
  queues: [],
  databases: [],
  buckets: [],
  workers: {},
  broken: [],
};

/** The account in its file. */
export class FakeAccount {
  readonly file: string;

  constructor(dir: string, state: Partial<FakeState> = {}) {
    this.file = path.join(dir, "account.json");
    this.write({ ...EMPTY, ...state });
  }

  read(): FakeState {
    return JSON.parse(readFileSync(this.file, "utf8"));
  }

  change(change: (state: FakeState) => void): void {
    const state = this.read();
    change(state);
    this.write(state);
  }

  write(state: FakeState): void {
    // Another process may read it meanwhile.
    writeFileSync(`${this.file}.new`, JSON.stringify(state, null, 2));
    renameSync(`${this.file}.new`, this.file);
  }
}

/** What an environment needs, all there. */
export function provisioned(environment: string, uuid: string): Partial<FakeState> {
  const consumers = [{ type: "worker", script: `webhook-gateway-consumer-${environment}` }];
  return {
    queues: [
      { name: `webhook-gateway-events-${environment}`, retention: FOURTEEN_DAYS, consumers },
      { name: `webhook-gateway-dead-${environment}`, retention: FOURTEEN_DAYS, consumers },
      { name: `webhook-gateway-work-${environment}`, retention: 345_600, consumers },
    ],
    databases: [{ uuid, name: `webhook-gateway-${environment}`, applied: [...MIGRATIONS] }],
    buckets: [
      {
        name: `webhook-gateway-archive-${environment}`,
        rules: [
          { id: "results", prefix: "results/", days: 104 },
          { id: "validations", prefix: "validations/", days: 400 },
        ],
      },
    ],
    workers: {
      [`webhook-gateway-producer-${environment}`]: {
        secrets: {
          GITHUB_WEBHOOK_SECRET: "deployed webhook secret",
          GRAINCHAIN_CALLBACK_SECRET: "deployed callback secret of the two Workers",
          OPERATOR_TOKEN: "deployed operator token",
          READER_TOKEN: "deployed reader token",
        },
      },
      [`webhook-gateway-consumer-${environment}`]: {
        secrets: {
          GRAINCHAIN_CALLBACK_SECRET: "deployed callback secret of the two Workers",
          GITHUB_TOKEN: "deployed token",
        },
      },
    },
  };
}
