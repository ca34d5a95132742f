/**
 * Requests and answers of the simulation's own, whose bodies are in memory. To read them through the runtime's streams
 * would take a turn of its event loop, and longer than most of what the Workers do.
 */

/** What the Workers read of a response. The runtime's own takes several times as long to make. */
export class Answer implements Pick<Response, "status" | "ok" | "url" | "body" | "text"> {
  readonly status: number;
  readonly ok: boolean;
  readonly url = "";
  readonly headers: FixedHeaders;
  /** Nobody reads it in pieces. */
  readonly body = null;
  readonly #text: string;

  /** @param headers by names in lower case */
  constructor(text: string, status = 200, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.ok = status >= 200 && status < 300;
    this.headers = new FixedHeaders(headers);
    this.#text = text;
  }

  async text(): Promise<string> {
    return this.#text;
  }
}

/** By names in lower case. */
class FixedHeaders implements Pick<Headers, "get"> {
  readonly #values: ReadonlyMap<string, string>;

  constructor(values: Readonly<Record<string, string>>) {
    this.#values = new Map(Object.entries(values));
  }

  get(name: string): string | null {
    return this.#values.get(name.toLowerCase()) ?? null;
  }

  [Symbol.iterator](): MapIterator<[string, string]> {
    return this.#values[Symbol.iterator]();
  }
}

interface AnswerOptions {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

export const jsonAnswer = (value: unknown, { status, headers }: AnswerOptions = {}): Answer =>
  new Answer(JSON.stringify(value), status, { ...headers, "content-type": "application/json" });

/** What the producer reads of a request whose body it takes in one piece. */
export class Post implements Pick<Request, "method" | "url" | "body" | "arrayBuffer"> {
  readonly method = "POST";
  readonly url: string;
  readonly headers: FixedHeaders;
  readonly body = null;
  readonly #bytes: Uint8Array<ArrayBuffer>;

  constructor(url: string, bytes: Uint8Array<ArrayBuffer>, headers: Readonly<Record<string, string>>) {
    this.url = url;
    this.headers = new FixedHeaders(headers);
    this.#bytes = bytes;
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    return this.#bytes.slice().buffer;
  }
}

/** Up to this size, the producer reads a body in one piece (producer/src/ingress/body.ts): it needs no stream. */
const STREAMED_BYTES = 128 * 1024;

/** @param headers by names in lower case */
export function jsonPost(
  url: string,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Request | Post {
  const all = {
    ...headers,
    "content-type": "application/json",
    "content-length": String(body.byteLength),
  };
  if (body.byteLength <= STREAMED_BYTES) return new Post(url, body, all);
  return new Request(url, { method: "POST", headers: all, body });
}

/** Of a request's options, as Octokit gives them: by names in lower case. */
export const headerOf = (init: RequestInit | undefined, name: string): string | undefined =>
  (init?.headers as Readonly<Record<string, string>> | undefined)?.[name];
