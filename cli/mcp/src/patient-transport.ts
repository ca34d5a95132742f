/** Standard input and output as a transport that answers every request, also those before the end of the input. */
import { PassThrough, type Readable, type Writable } from "node:stream";
import type { JSONRPCMessage } from "@modelcontextprotocol/server";
import { StdioServerTransport } from "@modelcontextprotocol/server/stdio";
import { parseJson } from "@webhook-gateway/shared/text/json.ts";
import * as v from "valibot";

/** Longer than any request to the gateway takes. */
const PATIENCE_MS = 35_000;

const id = v.union([v.string(), v.number()]);
const request = v.object({ id, method: v.string() });
const cancellation = v.object({
  method: v.literal("notifications/cancelled"),
  params: v.object({ requestId: id }),
});

/** The library's own transport drops what it has not answered once the input ends: `echo … | gateway mcp`. */
export class PatientTransport extends StdioServerTransport {
  /** Resolves once the input has ended, and all of it is answered. */
  readonly ended: Promise<void>;
  readonly #open = new Set<string | number>();
  #answered: () => void = () => undefined;

  constructor(stdin: Readable, stdout: Writable) {
    const input = new PassThrough();
    super(input, stdout);
    this.ended = this.#pass(stdin, input);
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message);
    if (!("method" in message) && message.id !== undefined) this.#close(message.id);
  }

  async #pass(stdin: Readable, input: PassThrough): Promise<void> {
    let rest = "";
    for await (const chunk of stdin.setEncoding("utf8")) {
      const lines = `${rest}${chunk}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) this.#note(parseJson(line));
      input.write(chunk);
    }
    if (this.#open.size > 0) {
      await new Promise<void>((resolve) => {
        this.#answered = resolve;
        setTimeout(resolve, PATIENCE_MS).unref();
      });
    }
    input.end();
  }

  #note(message: unknown): void {
    if (v.is(request, message)) this.#open.add(message.id);
    else if (v.is(cancellation, message)) this.#close(message.params.requestId);
  }

  #close(one: string | number): void {
    this.#open.delete(one);
    if (this.#open.size === 0) this.#answered();
  }
}
