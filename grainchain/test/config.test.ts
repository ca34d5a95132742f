import { describe, expect, test } from "vitest";
import { HELP, readCommand } from "../src/config.ts";

function read(args: string[], env: Record<string, string> = {}) {
  return readCommand(args, env);
}

describe("readCommand", () => {
  test("serves on the loopback address by default", () => {
    expect(read([])).toMatchObject({ kind: "serve", options: { host: "127.0.0.1", allowRemote: false } });
  });

  test("reads the environment, and prefers arguments", () => {
    const env = {
      GRAINCHAIN_PORT: "8081",
      GRAINCHAIN_API_PREFIX: "/gc/",
      GRAINCHAIN_API_KEY: "key",
      GRAINCHAIN_CALLBACK_SECRET: "secret",
      GRAINCHAIN_REPOS: "/tmp",
      GRAINCHAIN_ISOLATION: "bubblewrap",
      GRAINCHAIN_CONCURRENCY: "3",
      GRAINCHAIN_QUEUE_LIMIT: "0",
      GRAINCHAIN_MAX_TIMEOUT_MS: "1000",
      UNRELATED: "x",
    };
    expect(read([], env)).toEqual({
      kind: "serve",
      options: {
        port: 8081,
        host: "127.0.0.1",
        allowRemote: false,
        apiPrefix: "/gc",
        apiKey: "key",
        callbackSecret: "secret",
        provider: { name: "local", isolation: "bubblewrap" },
        reposDir: "/tmp",
        concurrency: 3,
        queueLimit: 0,
        maxTimeoutMs: 1000,
      },
    });
    expect(read(["--port", "0", "--host", "::1"], env)).toMatchObject({ options: { port: 0, host: "::1" } });
  });

  test("checks the isolation instead of serving, if told to", () => {
    const checked = (isolation: string) => ({ kind: "check", provider: { name: "local", isolation } });
    expect(read(["--check"])).toEqual(checked("auto"));
    expect(read(["--check"], { GRAINCHAIN_ISOLATION: "none" })).toEqual(checked("none"));
  });

  const E2B = { GRAINCHAIN_DEFAULT_PROVIDER: "e2b", E2B_API_KEY: "e2b-key" };
  const LOCAL = { name: "local", isolation: "auto" };
  test.each([
    [{}, LOCAL],
    [{ E2B_API_KEY: "e2b-key" }, LOCAL],
    [{ ...E2B, GRAINCHAIN_PROVIDER: "local" }, LOCAL],
    [E2B, { name: "e2b", settings: { apiKey: "e2b-key" } }],
    [
      { ...E2B, E2B_TEMPLATE: "node" },
      { name: "e2b", settings: { apiKey: "e2b-key", template: "node" } },
    ],
    [
      { GRAINCHAIN_PROVIDER: "daytona", DAYTONA_API_KEY: "key", DAYTONA_API_URL: "http://localhost:3/api" },
      { name: "daytona", settings: { apiKey: "key", apiUrl: "http://localhost:3/api" } },
    ],
  ])("of %j runs steps at the provider that it names", (env, provider) => {
    expect(read([], env)).toMatchObject({ kind: "serve", options: { provider } });
  });

  test.each([
    ["e2b", "E2B_API_KEY"],
    ["daytona", "DAYTONA_API_KEY"],
  ])("says which key %s lacks", (name, key) => {
    expect(read([], { GRAINCHAIN_DEFAULT_PROVIDER: name })).toEqual({
      kind: "invalid",
      message: `${key} is missing: the provider ${name} needs it`,
    });
  });

  test("treats an empty variable as not set", () => {
    expect(read([], { GRAINCHAIN_PORT: "", GRAINCHAIN_API_KEY: "" })).toMatchObject({
      kind: "serve",
      options: { port: undefined, apiKey: undefined },
    });
  });

  test.each([
    ["GRAINCHAIN_PORT", "70000"],
    ["GRAINCHAIN_ISOLATION", "docker"],
    ["GRAINCHAIN_DEFAULT_PROVIDER", "modal"],
    ["GRAINCHAIN_PROVIDER", "morph"],
    ["E2B_API_KEY", "an e2b-key"],
    ["E2B_TEMPLATE", "a template"],
    ["DAYTONA_API_KEY", "a daytona-key"],
    ["DAYTONA_API_URL", "http://daytona.example.com"],
    ["E2B_SANDBOX_URL", "https://user:password@sandbox.example.com"],
    ["GRAINCHAIN_PORT", "8080x"],
    ["GRAINCHAIN_API_PREFIX", "no/slash"],
    ["GRAINCHAIN_API_PREFIX", "/with space"],
    ["GRAINCHAIN_API_KEY", "two words"],
    ["GRAINCHAIN_API_KEY", "a-key\n"],
    ["GRAINCHAIN_CALLBACK_SECRET", "a-secret\n"],
    ["GRAINCHAIN_CALLBACK_SECRET", " a-secret"],
    ["GRAINCHAIN_REPOS", "/nonexistent/place"],
    ["GRAINCHAIN_CONCURRENCY", "0"],
    ["GRAINCHAIN_QUEUE_LIMIT", "-1"],
    ["GRAINCHAIN_MAX_TIMEOUT_MS", "1e9"],
  ])("names %s as wrong without its value", (name, value) => {
    const command = read([], { [name]: value });
    expect(command).toMatchObject({
      kind: "invalid",
      message: expect.stringMatching(new RegExp(`^${name} must`)),
    });
    expect(JSON.stringify(command)).not.toContain(value === "0" ? '"0"' : value);
  });

  test.each([
    [["--nope"], /--nope/],
    [["--port"], /--port/],
    [["--port", "x"], /^--port must/],
    [["extra"], /extra/],
    [["--host", "0.0.0.0"], /--allow-remote/],
    [["--host", "::"], /--allow-remote/],
  ])("refuses the arguments %j in one line", (args, message) => {
    const command = read(args);
    expect(command).toMatchObject({ kind: "invalid", message: expect.stringMatching(message) });
    expect(JSON.stringify(command)).not.toContain("\\n");
  });

  test("listens for other machines with --allow-remote", () => {
    expect(read(["--host", "0.0.0.0", "--allow-remote"])).toMatchObject({ kind: "serve" });
  });

  test("offers help with every option and variable", () => {
    expect(read(["--help"])).toEqual({ kind: "help" });
    for (const name of ["--port", "--host", "--allow-remote", "GRAINCHAIN_REPOS", "GRAINCHAIN_API_KEY"]) {
      expect(HELP).toContain(name);
    }
  });
});
