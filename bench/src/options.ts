/** `pnpm bench` and its options. */
import { parseArgs } from "node:util";
import { PAYLOAD_NAMES, type PayloadName } from "./payload.ts";

export const USAGE = `usage: pnpm bench [--quick] [--rounds N] [--seconds S] [--only name,…] [--payload name,…] [--out folder]
  --quick    the pull_request payload only, 3 short rounds: two minutes
  --rounds   how often every contender is started and measured (default 7)
  --seconds  how long each load lasts (default 4)
  --only     contenders to measure (default all)
  --payload  payloads to send (default ${PAYLOAD_NAMES.join(",")})
  --out      where the results go (default bench/results)`;

export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** Undefined: all. */
  readonly only: readonly string[] | undefined;
  readonly payloads: readonly PayloadName[];
  readonly out: string | undefined;
}

/** @throws TypeError where an option is unknown or malformed */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      seconds: { type: "string" },
      only: { type: "string" },
      payload: { type: "string" },
      out: { type: "string" },
    },
  });
  const { quick } = values;
  return {
    rounds: positive("rounds", values.rounds ?? (quick ? "3" : "7")),
    seconds: positive("seconds", values.seconds ?? (quick ? "1.2" : "4")),
    warmUpSeconds: quick ? 0.8 : 2,
    only: values.only?.split(","),
    payloads: (values.payload?.split(",") ?? (quick ? ["pull_request"] : PAYLOAD_NAMES)).map(payloadName),
    out: values.out,
  };
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new TypeError(`--${name} must be a number above 0`);
  return number;
}

function payloadName(name: string): PayloadName {
  const known = PAYLOAD_NAMES.find((each) => each === name);
  if (known === undefined)
    throw new TypeError(`unknown payload "${name}"; known: ${PAYLOAD_NAMES.join(", ")}`);
  return known;
}
