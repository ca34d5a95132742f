/** What a tool is, and how it answers. */
import type { CallToolResult, McpServer, ToolAnnotations } from "@modelcontextprotocol/server";
import { toJsonSchema } from "@valibot/to-json-schema";
import type * as v from "valibot";
import { ApiError } from "../../src/api/refusal.ts";
import { GatewayError } from "../../src/exit.ts";
import { safeJson } from "../../src/output/plain-text.ts";
import { markUntrusted } from "./untrusted.ts";

type Input = v.GenericSchema<Record<string, unknown>>;

interface Definition<Schema extends Input> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly input: Schema;
  readonly annotations: ToolAnnotations;
  /** @returns the answer, in which text from outside is not marked yet @throws GatewayError */
  run(input: v.InferOutput<Schema>): Promise<unknown>;
}

/** Adds a tool to a server. @param token never part of an answer */
export type AddTool = (server: McpServer, token: string) => void;

/** Makes a tool of a definition. */
export const defineTool =
  <Schema extends Input>({ name, input, run, ...config }: Definition<Schema>): AddTool =>
  (server, token) => {
    server.registerTool(name, { ...config, inputSchema: standardSchema(input) }, (given) =>
      answer(() => run(given), token),
    );
  };

/** Valibot's schemas check themselves, and need help to describe themselves. */
function standardSchema<Schema extends Input>(schema: Schema) {
  const describe = (typeMode: "input" | "output") => () => {
    // A check that JSON Schema cannot express is left to the gateway.
    const { $schema: _, ...described } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
    return { ...described } as Record<string, unknown>;
  };
  const jsonSchema = { input: describe("input"), output: describe("output") };
  const { version, vendor, validate } = schema["~standard"];
  type Types = { readonly input: v.InferInput<Schema>; readonly output: v.InferOutput<Schema> };
  const types: Types | undefined = undefined;
  return { "~standard": { version, vendor, validate, jsonSchema, types } } as const;
}

async function answer(run: () => Promise<unknown>, token: string): Promise<CallToolResult> {
  try {
    return textResult(await run(), token);
  } catch (thrown) {
    const code = thrown instanceof ApiError ? thrown.code : "failed";
    const message = thrown instanceof Error ? thrown.message : "unknown error";
    if (!(thrown instanceof GatewayError)) console.error(`error: ${message}`);
    return { ...textResult({ error_code: code, error: message }, token), isError: true };
  }
}

function textResult(value: unknown, token: string): CallToolResult {
  const json = safeJson(markUntrusted(value));
  // A server that is not a gateway may send back what it was sent.
  const text = json.replaceAll(JSON.stringify(token).slice(1, -1), "[token]");
  return { content: [{ type: "text", text }] };
}
