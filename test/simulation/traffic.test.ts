/** The traffic of the simulation is the traffic that it says it simulates. */
import { expect, test } from "vitest";
import { seeded } from "../support/random.ts";
import { Organization } from "./github/subjects.ts";
import { Clock } from "./machine/clock.ts";
import { dayOf } from "./report/plan.ts";
import { atRandomTimes } from "./world/arrivals.ts";

const VALIDATED = ["pull_request.opened", "pull_request.synchronize"];
const RECORDED = ["push", "pull_request.closed", "pull_request.ready_for_review"];

test("three tenths of what happens start a validation and half is only recorded, from the first hour on", () => {
  const { traffic } = dayOf(24, 1, []);
  const organization = new Organization(traffic, seeded(1));
  const happened = Array.from({ length: 7_000 }, (_, i) => organization.happen(`${i}`, i));
  const share = (templates: readonly string[]) =>
    happened.filter(({ template, text }) => templates.includes(template) || templates.includes(text)).length /
    happened.length;

  expect(share([...VALIDATED, "/validate"])).toBeCloseTo(0.3, 1.5);
  expect(share(RECORDED)).toBeCloseTo(0.5, 1.5);
});

test("things happen as often as they should, also several within one millisecond", async () => {
  for (const perSecond of [4, 500, 5_000]) {
    const clock = new Clock(0, async () => {});
    let happened = 0;
    atRandomTimes(
      clock,
      seeded(1),
      () => perSecond,
      () => {
        happened++;
        return true;
      },
    );
    const seconds = 20_000 / perSecond;

    await clock.run(seconds * 1000, () => false);

    expect(happened / seconds / perSecond).toBeCloseTo(1, 1.5);
  }
});
