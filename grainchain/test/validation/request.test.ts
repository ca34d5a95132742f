import { describe, expect, test } from "vitest";
import { readClientRequestId, readRequest } from "../../src/validation/request.ts";
import { requestBody, SOME_SHA } from "../support/system.ts";

const MAX_TIMEOUT_MS = 100_000;

function read(fields: Record<string, unknown>) {
  return readRequest(requestBody(fields), MAX_TIMEOUT_MS);
}

describe("readRequest", () => {
  test("fills in the defaults", () => {
    expect(read({})).toEqual({
      kind: "request",
      request: {
        project_id: "acme/app",
        pr_number: 7,
        pr_url: "https://github.com/acme/app/pull/7",
        head_sha: SOME_SHA,
        base_sha: "",
        webhook_url: "http://127.0.0.1:9/hook/capability-token",
        client_request_id: undefined,
        trusted: true,
        timeout_ms: 60_000,
        max_memory: 512 * 1024 ** 2,
        clone_url: undefined,
      },
    });
  });

  test("reads the optional fields, caps the time limit and ignores unknown fields", () => {
    const fields = {
      client_request_id: "one",
      timeout_ms: 200_000,
      max_memory: "1GB",
      clone_url: "https://git.example.com/a.git",
      head_sha: "b".repeat(64),
      pr_url: "",
      unheard_of: {},
    };
    expect(read(fields)).toMatchObject({
      request: {
        client_request_id: "one",
        timeout_ms: MAX_TIMEOUT_MS,
        max_memory: 1024 ** 3,
        clone_url: "https://git.example.com/a.git",
        head_sha: "b".repeat(64),
      },
    });
  });

  test.each([
    "app",
    "a/b/c",
    "../app",
    "acme/..",
    "./app",
    "acme/.",
    "acme/",
    "/app",
    "acme/a b",
    "acme/a%2Fb",
    "acme/app\n",
    "acme\\app",
    "acme/\u0000",
    "ácme/app",
    `acme/${"a".repeat(300)}`,
  ])("refuses the project %j", (project_id) => {
    expect(read({ project_id })).toMatchObject({
      kind: "invalid",
      message: expect.stringMatching(/^project_id /),
    });
  });

  test.each([
    ["project_id", undefined],
    ["pr_number", "7"],
    ["pr_number", 1.5],
    ["pr_number", -1],
    ["pr_url", null],
    ["head_sha", "A".repeat(40)],
    ["head_sha", "a".repeat(41)],
    ["head_sha", "--upload-pack=x"],
    ["base_sha", undefined],
    ["base_sha", "a\0b"],
    ["webhook_url", "file:///etc/passwd"],
    ["webhook_url", "https://user:secret@example.com"],
    ["webhook_url", "not a url"],
    ["timeout_ms", 0],
    ["timeout_ms", "60"],
    ["max_memory", "lots"],
    ["max_memory", {}],
    ["clone_url", "ext::sh -c id"],
    ["client_request_id", ""],
    ["client_request_id", "x".repeat(256)],
  ])("rejects the %s %j by name", (field, value) => {
    expect(read({ [field]: value })).toMatchObject({
      kind: "invalid",
      message: expect.stringContaining(field),
    });
  });

  test("names every wrong field and repeats no value", () => {
    const reading = read({
      webhook_url: "ftp://secret-token",
      head_sha: "secret-sha",
      clone_url: "file://secret",
    });
    const message = reading.kind === "invalid" ? reading.message : "";
    for (const field of ["webhook_url", "head_sha", "clone_url"]) expect(message).toContain(field);
    expect(message).not.toContain("secret");
  });

  test.each([null, [], "text", 3])("refuses %j as a request", (data) => {
    expect(readRequest(data, MAX_TIMEOUT_MS).kind).toBe("invalid");
  });
});

test("finds the client_request_id of an otherwise invalid request", () => {
  expect(readClientRequestId({ client_request_id: "one" })).toBe("one");
  expect(readClientRequestId({ client_request_id: 1 })).toBeUndefined();
  expect(readClientRequestId(null)).toBeUndefined();
});
