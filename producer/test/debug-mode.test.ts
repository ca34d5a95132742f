import { env } from "cloudflare:workers";
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import worker from "../src/index.ts";
import { ORIGIN } from "./support/app.ts";
import { callbackBody, post, VALIDATION_ID } from "./support/callback.ts";
import { delivery } from "./support/delivery.ts";
import { pullRequest } from "./support/payloads.ts";

/** What the Worker printed. */
const printed: string[] = [];

beforeEach(() => {
  printed.length = 0;
  for (const level of ["log", "info", "warn", "error"] as const) {
    vi.spyOn(console, level).mockImplementation((line: unknown) => void printed.push(String(line)));
  }
});
afterEach(() => void vi.restoreAllMocks());

/** What the Worker answers in that mode, and the debug lines that it prints meanwhile. */
async function ask(WEBHOOK_DEBUG_MODE: "true" | "false", request: Request) {
  const bindings = { ...env, WEBHOOK_DEBUG_MODE };
  const response = await worker.fetch(request as Parameters<typeof worker.fetch>[0], bindings);
  const lines = printed.map((line): Record<string, unknown> => JSON.parse(line));
  return { response, debug: lines.filter(({ level }) => level === "debug") };
}

describe("WEBHOOK_DEBUG_MODE decides whether the Worker prints a line for each request:", () => {
  const signed = () => delivery(pullRequest("opened"), { secret: env.GITHUB_WEBHOOK_SECRET });

  test("none if it is off", async () => {
    const { response, debug } = await ask("false", await signed());
    expect(response.status).toBe(202);
    expect(debug).toEqual([]);
  });

  test("one if it is on, with the id under which the delivery is logged", async () => {
    const { response, debug } = await ask("true", await signed());
    const request_id = response.headers.get("x-request-id");
    expect(debug).toEqual([
      {
        level: "debug",
        worker: "producer",
        event: "request.answered",
        request_id,
        method: "POST",
        area: "/webhook/github",
        status: 202,
        duration_ms: expect.any(Number),
      },
    ]);
    const accepted = printed.find((line) => line.includes("delivery.accepted"));
    expect(JSON.parse(accepted ?? "null")).toMatchObject({ request_id });
  });
});

test.each([
  ["/", "/"],
  ["/health", "/health"],
  ["/healthy", "other"],
  ["/webhook/projects/octo/widgets/status", "/webhook/projects"],
  ["/api/validations?token=s3cret", "/api"],
  ["/s3cret", "other"],
])("of %s it says no more than %s", async (path, area) => {
  const { debug } = await ask("true", new Request(ORIGIN + path, { method: "DELETE" }));
  expect(debug).toEqual([expect.objectContaining({ event: "request.answered", method: "DELETE", area })]);
  expect(printed.join("\n")).not.toContain("s3cret");
});

test("it does not contain a capability", async () => {
  const token = await capabilityToken(env.GRAINCHAIN_CALLBACK_SECRET, VALIDATION_ID);
  const body = JSON.stringify(callbackBody());
  const { debug } = await ask("true", post(`/callbacks/${VALIDATION_ID}/${token}`, body));
  expect(debug).toEqual([expect.objectContaining({ event: "request.answered", area: "/callbacks" })]);
  expect(printed.join("\n")).not.toContain(token);
});
