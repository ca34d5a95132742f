/**
 * Requests and answers of the simulation's own, whose bodies are in memory. To read them through the runtime's streams
 * would take a turn of its event loop, and longer than most of what the Workers do.
 */

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export function jsonAnswer(value: unknown, { status = 200, headers = {} }: AnswerOptions = {}): Response {
  const text = JSON.stringify(value);
  const answer = new Response(null, { status, headers: { ...headers, "content-type": "application/json" } });
  return Object.assign(answer, { text: async () => text });
}

/** Up to this size, the producer reads a body in one piece (producer/src/ingress/body.ts): it needs no stream. */
const STREAMED_BYTES = 128 * 1024;

export function jsonPost(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Request {
  const all = {
    ...headers,
    "content-type": "application/json",
    "content-length": String(body.byteLength),
  };
  const streamed = body.byteLength > STREAMED_BYTES ? { body } : {};
  const request = new Request(url, { method: "POST", headers: all, ...streamed });
  return Object.assign(request, { arrayBuffer: async () => body.slice().buffer });
}

/** Of a request's options, as Octokit gives them: by names in lower case. */
export const headerOf = (init: RequestInit | undefined, name: string): string | undefined =>
  (init?.headers as Readonly<Record<string, string>> | undefined)?.[name];
