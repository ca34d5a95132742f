/** An assistant that has started `gateway mcp`: a client of another vendor than the server's library. */
import path from "node:path";
import { createMCPClient } from "@ai-sdk/mcp";
import { Experimental_StdioMCPTransport } from "@ai-sdk/mcp/mcp-stdio";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";
import { onTestFinished } from "vitest";
import { TOKEN } from "./operator-server.ts";

const answer = v.object({
  content: v.tuple([v.object({ type: v.literal("text"), text: v.string() })]),
  isError: v.optional(v.boolean(), false),
});

export interface AssistantOptions {
  readonly args?: readonly string[];
  /** Whether it speaks the protocol's revision of 2026, instead of those before. */
  readonly modern?: boolean;
}

/** Starts it. It ends with the test. */
export async function startAssistant(url: string, { args = [], modern = true }: AssistantOptions = {}) {
  const { GATEWAY_URL: _, GATEWAY_TOKEN: __, ...inherited } = childEnvironment(process.env);
  const client = await createMCPClient({
    transport: new Experimental_StdioMCPTransport({
      command: process.execPath,
      args: [path.join(ROOT, "cli/src/index.ts"), "mcp", ...args],
      env: { ...defined(inherited), GATEWAY_URL: url, GATEWAY_TOKEN: TOKEN },
      cwd: ROOT,
      stderr: "ignore",
    }),
    protocolVersionDiscovery: modern,
  });
  onTestFinished(() => client.close());
  return {
    client,
    /** The text of an answer, and what it says as JSON. */
    async call(name: string, given: Record<string, unknown> = {}) {
      const called = await client.callTool({ name, arguments: given });
      const { content, isError } = v.parse(answer, called);
      const [{ text }] = content;
      return { isError, text, read: parse(text) };
    },
  };
}

const defined = (env: NodeJS.ProcessEnv): Record<string, string> =>
  Object.fromEntries(Object.entries(env).flatMap(([name, value]) => (value ? [[name, value]] : [])));

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
