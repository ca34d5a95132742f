import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import { SECRETS } from "../support/gateway.ts";
import { budget, Tally, together } from "./support/budget.ts";
import { anyPersonRequest, type Known } from "./support/people.ts";
import { expectHealthy, shareTarget } from "./support/target.ts";

const REPOSITORY = "acme/widgets";

const target = shareTarget(new Tally("people's routes"));
const recorded = new Set<string>();
let known: Known;

beforeAll(async () => {
  const { gateway } = target();
  for (let pr = 1; pr <= 4; pr++) {
    const { guid } = await gateway.send("pull_request.opened", { repo: REPOSITORY, pr });
    await gateway.waitForEnd(guid);
    recorded.add(guid);
  }
  const rows = await gateway.rows("SELECT id FROM validations");
  const response = await fetch(`${gateway.url}/dashboard/login`, {
    method: "POST",
    redirect: "manual",
    headers: { "sec-fetch-site": "same-origin" },
    body: new URLSearchParams({ token: SECRETS.OPERATOR_TOKEN }),
  });
  const session = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  expect(session).toMatch(/=.{40}/);
  known = { ids: rows.map(({ id }) => String(id)), repository: REPOSITORY, session };
});

test("answers anything that people or strangers send as documented", async () => {
  await fc.assert(
    fc.asyncProperty(together(anyPersonRequest(known)), async (requests) => {
      await Promise.all(
        requests.map(async (one) => {
          const { attack, expected } = await one;
          await target().attack(attack, expected);
        }),
      );
    }),
    budget(),
  );
});

test("did nothing for anybody but the operator", async () => {
  const { gateway } = target();
  const done = await gateway.rows(
    "SELECT DISTINCT actor FROM operator_actions WHERE outcome <> 'refused' ORDER BY actor",
  );
  expect(done).toEqual([{ actor: "operator:operator" }]);
  const refused = await gateway.rows(
    "SELECT DISTINCT actor FROM operator_actions WHERE actor LIKE 'reader:%'",
  );
  expect(refused).toEqual([{ actor: "reader:reader" }]);
});

test("still works afterwards", async () => {
  await expectHealthy(target(), recorded);
});
