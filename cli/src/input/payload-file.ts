/** A payload of a person's own, to be sent as it is. */
import path from "node:path";
import { EXIT, GatewayError } from "../exit.ts";
import { readTextFile } from "./text-file.ts";

/** The largest payload: https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_MIB = 25;

/**
 * Reads it, and makes sure that it is one which GitHub could send.
 * @param from where the person stands
 * @throws GatewayError naming the file
 */
export function readPayloadFile(from: string, name: string): string {
  if (name === "-") throw bad("standard input has the name /dev/stdin here, not -");
  const text = readTextFile(path.resolve(from, name), `--payload: ${name}`);
  if (text === undefined) throw bad(`there is no file ${name}`);
  if (text.trim() === "") throw bad(`${name} is empty`);
  if (Buffer.byteLength(text) > MAX_MIB * 1024 * 1024)
    throw bad(`${name} has more than ${MAX_MIB} MiB, and GitHub sends no more`);
  const payload = parseJson(text, name);
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    throw bad(`${name} holds no JSON object`);
  return text;
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(`${name} is not JSON`);
  }
}

const bad = (problem: string): GatewayError => new GatewayError(`--payload: ${problem}`, EXIT.usage);
