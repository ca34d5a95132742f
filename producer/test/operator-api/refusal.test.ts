import { env } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/operator-api/routes.ts";
import { refuseToSend } from "../support/app.ts";
import { expectRefusal } from "../support/errors.ts";
import { startApi } from "./support/api.ts";

const METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const allowedOf = (path: string): string[] =>
  ROUTES.filter((route) => route.path === path).map(({ method }) => method);

describe("another method", () => {
  const wrong = [...new Set(ROUTES.map(({ path }) => path)), "/openapi.json"].flatMap((path) => {
    const allowed = path === "/openapi.json" ? ["GET"] : allowedOf(path);
    return METHODS.filter((method) => !allowed.includes(method)).map((method) => ({ path, method, allowed }));
  });
  // Read as the dead letter whose id is `discard`, and the like.
  const read = ["/dead-letters/discard", "/validations/rerun", "/validations/cancel"];
  const rows = wrong.filter(({ path, method }) => !(read.includes(path) && method === "GET"));

  test.each(rows)("$method $path is refused", async ({ path, method, allowed }) => {
    const response = await startApi().ask(method, `/api${path.replace("{id}", "x")}`);
    const allow = response.headers.get("allow")?.split(", ") ?? [];
    expect(new Set(allow)).toEqual(new Set(allowed.includes("GET") ? [...allowed, "HEAD"] : allowed));
    await expectRefusal(response, 405, "method_not_allowed");
  });

  test("HEAD answers where GET does, without a body", async () => {
    const response = await startApi().ask("HEAD", "/api/status");
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });
});

describe("what is not there", () => {
  test.each([
    "/api",
    "/api/",
    "/api/nothing",
    "/api/status/more",
    "/api/validations/a/b",
    "/api/validations/a/cancel/b",
    "/api/replays/a/b/cancel",
    "/api/dead-letters/a/replay",
    "/api/openapi.yaml",
    "/api/..%2fstatus",
    "/api//status",
    "/api/%00",
  ])("%s is not a path", async (path) => {
    await expectRefusal(await startApi().ask("GET", path), 404, "not_found");
  });

  const ids = [
    "nothing",
    "%00",
    "%zz",
    "a%2Fb",
    "..%2F..",
    "%27%20OR%201=1--",
    "x".repeat(5000),
    "%F0%9F%92%A9",
    "%ED%A0%80",
  ];
  const paths = ROUTES.filter(({ path }) => path.includes("{id}")).flatMap(({ method, path }) =>
    ids.map((id) => ({ method, path, id })),
  );
  test.each(paths)("$method $path with $id", async ({ method, path, id }) => {
    const api = startApi();
    await expectRefusal(await api.ask(method, `/api${path.replace("{id}", id)}`), 404, "not_found");
    expect(api.sent).toEqual([]);
  });
});

describe("while D1 does not answer", () => {
  const gone = (): never => {
    throw new Error("D1_ERROR: Network connection lost: select secret_column");
  };
  const down = { prepare: gone, batch: gone, exec: gone, withSession: gone, dump: gone } satisfies D1Database;
  const calls = ROUTES.map(({ method, path }) => ({
    method,
    path: `/api${path.replace("{id}", "x")}${path === "/trace" ? "?q=octo/widgets%2312" : ""}`,
    body:
      ["/reconciles", "/audits"].includes(path) || path.startsWith("/pauses") || path.endsWith("/approve")
        ? {}
        : { scope: { all: true } },
  }));

  test.each(calls)("$method $path says so", async ({ method, path, body }) => {
    const api = startApi({ db: down });
    const response = await api.ask(method, path, method === "POST" ? { body } : {});
    expect(response.headers.get("retry-after")).toBe("10");
    const message = await expectRefusal(response, 503, "storage_unavailable");
    expect(message).not.toContain("secret_column");
    expect(api.sent).toEqual([]);
  });
});

describe("while the queue takes nothing", () => {
  test("a replay and a search are stored in D1 anyway", async () => {
    const api = startApi({ onSend: refuseToSend });
    const search = await api.post("/api/reconciles", {});
    expect(
      await env.DB.prepare("SELECT status FROM reconciles WHERE id = ?1").bind(search.id).first(),
    ).toEqual({ status: "waiting" });
    expect(api.lines.some((line) => line.includes("order.not-queued"))).toBe(true);
  });
});
