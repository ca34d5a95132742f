/**
 * How many instructions a request takes, as Valgrind counts them: they hardly depend on what else the machine does. Its
 * processor has no instructions for SHA-256, so that the HMAC counts for more than it takes in time.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { localEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { request } from "undici";
import { buildPayload, WEBHOOK_PATH } from "../payload.ts";
import { spread } from "../statistics.ts";
import type { Contender } from "./contender.ts";

/** V8 has optimized by then. */
const WARM_UP_REQUESTS = 2_000;
const REQUESTS = 200;
const ROUNDS = 3;

/** @returns the median of the rounds, in thousands. @throws if Valgrind is missing or a request is refused */
export async function countInstructions({ start }: Contender): Promise<number | undefined> {
  const folder = mkdtempSync(path.join(os.tmpdir(), "bench-instructions-"));
  const out = path.join(folder, "out");
  const running = await start([
    "valgrind",
    "--tool=callgrind",
    "--instr-atstart=no",
    `--callgrind-out-file=${out}`,
  ]);
  const control = (...args: readonly string[]) =>
    execFileSync("callgrind_control", [...args, String(running.pid)], {
      env: localEnvironment(process.env),
      stdio: "ignore",
    });
  const send = async (requests: number): Promise<void> => {
    const { headers, body } = buildPayload("pull_request");
    for (let sent = 0; sent < requests; sent++) {
      const answer = await request(`${running.origin}${WEBHOOK_PATH}`, { method: "POST", headers, body });
      await answer.body.dump();
      if (answer.statusCode > 299) throw new Error(`an answer ${answer.statusCode}`);
    }
  };
  try {
    await send(WARM_UP_REQUESTS);
    control("--instr=on");
    const counts: number[] = [];
    for (let round = 1; round <= ROUNDS; round++) {
      control("--zero");
      await send(REQUESTS);
      control("--dump");
      const total = /^(?:totals|summary): (\d+)/m.exec(readFileSync(`${out}.${round}`, "utf8"))?.[1];
      counts.push(Number(total) / REQUESTS / 1_000);
    }
    return spread(counts)?.[0];
  } finally {
    await running.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
