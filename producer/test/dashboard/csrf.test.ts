import { describe, expect, test } from "vitest";
import { ORIGIN } from "../support/app.ts";
import { FORMS, form, startDashboard } from "./support/dashboard.ts";

describe.each(FORMS)("a form to %s", (path, fields) => {
  test.each([
    ["of another site", { "sec-fetch-site": "cross-site", origin: "https://evil.test" }],
    ["of another site that says nothing of its origin", { "sec-fetch-site": "cross-site", origin: "null" }],
    ["of a sibling of the site", { "sec-fetch-site": "same-site", origin: "https://other.gateway.test" }],
    ["typed into the address bar", { "sec-fetch-site": "none", origin: null }],
    [
      "of another origin, whatever it says of its site",
      { "sec-fetch-site": "same-origin", origin: "https://evil.test" },
    ],
    ["of another origin, without its site", { "sec-fetch-site": null, origin: "https://evil.test" }],
    ["of an origin that is none, without its site", { "sec-fetch-site": null, origin: "null" }],
    ["of nobody", { "sec-fetch-site": null, origin: null }],
    ["of the same host over http", { "sec-fetch-site": null, origin: ORIGIN.replace("https", "http") }],
  ])("is refused where it is %s", async (_, headers) => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(path, form(fields, headers));
    expect(response.status).toBe(403);
    expect(asked).toEqual([]);
  });

  test.each([
    ["the same origin, as a browser says it under no-referrer", {}],
    ["the same origin, said twice", { origin: ORIGIN }],
    ["the same origin, where the browser does not say its site", { "sec-fetch-site": null, origin: ORIGIN }],
  ])("is taken from %s", async (_, headers) => {
    const { fetch, asked } = startDashboard();
    const response = await fetch(path, form(fields, headers));
    expect([200, 303]).toContain(response.status);
    expect(asked).toHaveLength(1);
  });

  test("changes nothing by a GET", async () => {
    const { fetch, asked } = startDashboard();
    const { method: _, body: __, ...get } = form(fields);
    const response = await fetch(path, get);
    expect(response.status).not.toBe(200);
    expect(asked.filter(([name]) => !["deadLetter", "validation", "trace"].includes(name))).toEqual([]);
  });
});
