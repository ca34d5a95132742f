/** A payload that a person has in a file, sent as it is. */
import path from "node:path";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import { EXIT, GatewayError } from "../exit.ts";
import { readTextFile } from "./text-file.ts";

/** The largest payload: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_MIB = 25;

/**
 * Reads the file, and makes sure that GitHub could send it.
 * @param from the folder that the command was started in
 * @throws GatewayError naming the file
 */
export function readPayloadFile(from: string, name: string): string {
  if (name === "-") throw bad("use /dev/stdin for standard input, not -");
  const text = readTextFile(path.resolve(from, name), `--payload: ${name}`);
  if (text === undefined) throw bad(`${name} does not exist`);
  if (text.trim() === "") throw bad(`${name} is empty`);
  if (Buffer.byteLength(text) > MAX_MIB * 1024 * 1024)
    throw bad(`${name} is larger than ${MAX_MIB} MiB, the most that GitHub sends`);
  const payload = parseJson(text);
  if (payload === undefined) throw bad(`${name} is not JSON`);
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw bad(`${name} is not a JSON object`);
  return text;
}

const bad = (problem: string): GatewayError => new GatewayError(`--payload: ${problem}`, EXIT.usage);
