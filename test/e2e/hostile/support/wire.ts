/** Bytes on a connection that are not HTTP, or hardly. */
import { connect } from "node:net";
import { MARKER } from "./attack.ts";

/** Far longer than anything takes: only a hang is this slow. */
const TIMEOUT_MS = 30_000;

/** The answer. Empty if the connection was closed without one. */
export interface WireAnswer {
  /** The status of the last answer: an interim one may come first. */
  readonly status: number | undefined;
  /** Only the Workers send one; without it, the server in front of them has answered. */
  readonly requestId: string | undefined;
  readonly text: string;
}

/**
 * Sends bytes, and reads the answer.
 * @param ends whether the sender ends its side of the connection; else it waits for the answer
 */
export async function sendBytes(url: string, bytes: Buffer, ends = true): Promise<WireAnswer> {
  const { hostname, port } = new URL(url);
  const { promise, resolve } = Promise.withResolvers<void>();
  const chunks: Buffer[] = [];
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error("no end")));
  socket.on("data", (chunk) => {
    chunks.push(chunk);
    // The answer is complete, even if the server keeps the connection open.
    if (isWhole(Buffer.concat(chunks).toString("latin1"))) resolve();
  });
  // A server may close the connection without reading everything.
  socket.on("error", () => resolve());
  socket.on("close", () => resolve());
  socket.on("end", () => resolve());
  if (ends) socket.end(bytes);
  else socket.write(bytes);
  await promise;
  socket.destroy();
  const text = Buffer.concat(chunks).toString("latin1");
  const status = [...text.matchAll(/^HTTP\/1\.[01] (\d{3})/gm)].at(-1)?.[1];
  return {
    status: status === undefined ? undefined : Number(status),
    requestId: /^x-request-id: (.+?)\r?$/im.exec(text)?.[1],
    text,
  };
}

function isWhole(text: string): boolean {
  const last = text.slice(Math.max(0, text.lastIndexOf("HTTP/1.")));
  const [head, body] = last.split("\r\n\r\n", 2);
  if (body === undefined || / 1\d\d /.test(head?.slice(0, 13) ?? "")) return false;
  const length = /^content-length: (\d+)/im.exec(head ?? "")?.[1];
  return length !== undefined && body.length >= Number(length);
}

const POST = "POST /webhook/github HTTP/1.1\r\nhost: x\r\n";
const GET = "GET /health HTTP/1.1\r\nhost: x\r\n";
const bytes = (...parts: readonly (string | readonly number[])[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));
const NO_UTF8 = [0xff, 0xfe, 0xc3, 0x28, 0x80];
const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join("");

/** The corpus, each with what is wrong with it. */
export const WIRE: readonly (readonly [name: string, bytes: Buffer])[] = [
  ["no bytes", bytes("")],
  ["text that is not HTTP", bytes(`${MARKER}\r\n\r\n`)],
  ["random bytes", bytes(NO_UTF8, [0, 1, 2, 3, 13, 10, 13, 10])],
  ["a TLS greeting", bytes([0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0])],
  ["an HTTP/2 preface", bytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")],
  ["HTTP/0.9", bytes("GET /health\r\n\r\n")],
  ["HTTP/9.9", bytes("GET /health HTTP/9.9\r\nhost: x\r\n\r\n")],
  ["no host", bytes("GET /health HTTP/1.1\r\n\r\n")],
  ["an invalid host", bytes("GET /health HTTP/1.1\r\nhost: a b/../?#@\r\n\r\n")],
  ["two hosts", bytes("GET /health HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n")],
  ["an invalid method", bytes(`${MARKER} /health HTTP/1.1\r\nhost: x\r\n\r\n`)],
  ["a tunnel", bytes("CONNECT example.invalid:443 HTTP/1.1\r\nhost: x\r\n\r\n")],
  ["an asterisk", bytes("OPTIONS * HTTP/1.1\r\nhost: x\r\n\r\n")],
  ["another host's address", bytes("GET http://example.invalid/health HTTP/1.1\r\nhost: x\r\n\r\n")],
  ["a path with NUL", bytes("GET /hea\0lth HTTP/1.1\r\nhost: x\r\n\r\n")],
  ["a path that is not UTF-8", bytes("GET /", NO_UTF8, " HTTP/1.1\r\nhost: x\r\n\r\n")],
  ["a path of 100 KB", bytes(`GET /${"a".repeat(100_000)} HTTP/1.1\r\nhost: x\r\n\r\n`)],
  ["a header with NUL", bytes(`${GET}x-a: a\0b\r\n\r\n`)],
  ["a header that is not UTF-8", bytes(`${GET}x-github-event: `, NO_UTF8, "\r\n\r\n")],
  ["an event that is not UTF-8", bytes(`${POST}content-length: 0\r\nx-github-event: `, NO_UTF8, "\r\n\r\n")],
  [
    "a signature that is not UTF-8",
    bytes(`${POST}content-length: 0\r\nx-hub-signature-256: `, NO_UTF8, "\r\n\r\n"),
  ],
  ["a header without a name", bytes(`${GET}: a\r\n\r\n`)],
  ["a header without a colon", bytes(`${GET}${MARKER}\r\n\r\n`)],
  ["a folded header", bytes(`${GET}x-a: a\r\n b\r\n\r\n`)],
  ["lines without carriage returns", bytes(`${GET}x-a: a\n\n`.replaceAll("\r", ""))],
  ["a header of 100 KB", bytes(`${GET}x-a: ${"a".repeat(100_000)}\r\n\r\n`)],
  ["a header of 1 MB", bytes(`${GET}x-a: ${"a".repeat(1_000_000)}\r\n\r\n`)],
  [
    "3,000 headers",
    bytes(
      GET,
      many(3_000, (index) => `x-${index}: ${index}\r\n`),
      "\r\n",
    ),
  ],
  [
    "30,000 headers",
    bytes(
      GET,
      many(30_000, (index) => `x-${index}: ${index}\r\n`),
      "\r\n",
    ),
  ],
  [
    "one header 3,000 times",
    bytes(
      POST,
      many(3_000, () => "x-hub-signature-256: a\r\n"),
      "\r\n",
    ),
  ],
  ["a length that is not a number", bytes(`${POST}content-length: many\r\n\r\nxx`)],
  ["a length below zero", bytes(`${POST}content-length: -1\r\n\r\nxx`)],
  ["an enormous length", bytes(`${POST}content-length: 99999999999999999999\r\n\r\nxx`)],
  ["two lengths", bytes(`${POST}content-length: 1\r\ncontent-length: 2\r\n\r\nxx`)],
  ["no length", bytes(`${POST}\r\n`)],
  ["a length and chunks", bytes(`${POST}content-length: 4\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n`)],
  ["less than its length", bytes(`${POST}content-length: 100\r\n\r\n{"${MARKER}`)],
  ["more than its length", bytes(`${POST}content-length: 1\r\n\r\n{${MARKER}\r\n\r\n`)],
  ["an invalid encoding", bytes(`${POST}transfer-encoding: gzip, ${MARKER}\r\n\r\n`)],
  ["an invalid chunk", bytes(`${POST}transfer-encoding: chunked\r\n\r\nZZZ\r\n${MARKER}\r\n0\r\n\r\n`)],
  ["an invalid second chunk", bytes(`${POST}transfer-encoding: chunked\r\n\r\n1\r\n{\r\nZZ\r\n\r\n`)],
  ["an enormous chunk", bytes(`${POST}transfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n{`)],
  ["chunks without an end", bytes(`${POST}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n`)],
  [
    "a trailer",
    bytes(`${POST}transfer-encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nx-github-event: ping\r\n\r\n`),
  ],
  [
    "an upgrade",
    bytes(`${GET}connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\r\n`),
  ],
  [
    "a request that waits for 100 Continue",
    bytes(`${POST}expect: 100-continue\r\ncontent-length: 2\r\n\r\n{}`),
  ],
  ["a request within a request", bytes(`${POST}content-length: ${GET.length + 2}\r\n\r\n${GET}\r\n`)],
  ["fifty requests at once", bytes(many(50, () => `${GET}\r\n`))],
];
