import { describe, expect, test } from "vitest";
import { startApi } from "../support/api.ts";
import { freshRepository, insertName, insertValidation } from "../support/insert.ts";

const COMMANDS = [
  { action: "rerun", state: "failed", wrong: "running", none: "no validation that can run again matches" },
  { action: "cancel", state: "running", wrong: "failed", none: "no validation that has not ended matches" },
] as const;

let id = 9000;

describe.each(COMMANDS)("a bulk $action", ({ action, state, wrong, none }) => {
  const path = `/api/validations/${action}`;

  test("is previewed, started, listed among the replays, recorded, and cancelled", async () => {
    const [before, repository] = [freshRepository(), freshRepository()];
    await insertName(before, ++id, "2026-11-23T08:00:00.000Z");
    await insertName(repository, id, "2026-11-23T08:30:00.000Z");
    const ids = [
      await insertValidation({ repository: before, repository_id: id, state }),
      await insertValidation({ repository, repository_id: id, state }),
    ];
    await insertValidation({ repository, repository_id: id, state: wrong });
    const api = startApi();
    const scope = { filter: { repo: repository } };

    const preview = await api.post(path, { scope, dry_run: true }, 200);
    expect(preview).toMatchObject({ dry_run: true, total: 2 });
    expect(Array.from(Object(preview.sample), (item) => Object(item).id).toSorted()).toEqual(ids.toSorted());
    expect(api.sent).toEqual([]);

    const started = await api.post(path, { scope, rate: 60, reason: "an outage" });
    expect(started).toMatchObject({
      ...{ action, total: 2, replayed: 0, rate: 60, status: "running", reason: "an outage" },
      ...{ requested_by: "operator:operator", scope: JSON.stringify(scope) },
    });
    expect(api.sent).toMatchObject([{ kind: "request" }]);
    expect(await api.get(`/api/replays/${started.id}`)).toEqual(started);
    expect((await api.list("/api/replays")).ids).toContain(started.id);
    expect(await api.get(`/api/actions?action=${action}&limit=1`)).toMatchObject({
      items: [{ id: started.id, target: started.id, reason: "an outage", outcome: "done" }],
    });
    const cancelled = await api.post(`/api/replays/${started.id}/cancel`, undefined, 200);
    expect(cancelled).toMatchObject({ id: started.id, status: "cancelled" });
    expect((await api.get("/api/actions?action=cancel-replay&limit=200")).items).toContainEqual(
      expect.objectContaining({ target: started.id, outcome: "done" }),
    );
  });

  test("of nothing is refused", async () => {
    const api = startApi();
    const refused = await api.post(path, { scope: { ids: ["nope"] } }, 404);
    expect(refused).toMatchObject({ error: { code: "not_found", message: none } });
    expect(api.sent).toEqual([]);
  });

  test.each([{}, { all: true, ids: ["a"] }, { filter: {} }, { filter: { state: "odd" } }, { ids: [] }])(
    "without a scope that makes sense is refused: %o",
    async (scope) => {
      await startApi().post(path, { scope }, 400);
    },
  );
});
