import { expect } from "vitest";
import { jsonOf } from "./app.ts";

/** Checks a refusal in the one form that all refusals have, and gives its message. */
export async function expectRefusal(response: Response, status: number, code: string): Promise<string> {
  expect(response.headers.get("content-type")).toContain("application/json");
  const requestId = response.headers.get("x-request-id");
  expect(requestId).toMatch(/^[\w-]{8,}$/);
  const body = await jsonOf(response);
  expect({ status: response.status, body }).toEqual({
    status,
    body: { success: false, error: { code, message: expect.any(String) }, request_id: requestId },
  });
  const { message } = Object(body.error);
  return String(message);
}
