import { beforeEach, describe, expect, test } from "vitest";
import {
  ALERT_SECRET,
  ALERT_URL,
  closeGate,
  openDeadLetter,
  startAlerts,
  verifies,
} from "../../support/alerts.ts";
import { empty } from "../../support/database.ts";
import { second } from "../../support/facts.ts";

beforeEach(empty);

describe("a message", () => {
  test("is a POST of JSON to the address, signed as GitHub signs", async () => {
    const { told, raise } = startAlerts();
    await openDeadLetter();
    await raise();
    const [one] = told;
    expect([one?.method, one?.url, one?.headers.get("content-type")]).toEqual([
      "POST",
      ALERT_URL,
      "application/json",
    ]);
    const signature = one?.headers.get("x-webhook-gateway-signature-256") ?? "";
    expect(signature).toMatch(/^sha256=[0-9a-f]{64}$/);
    expect(await verifies(ALERT_SECRET, one?.raw ?? "", signature)).toBe(true);
    expect(await verifies("another secret", one?.raw ?? "", signature)).toBe(false);
    expect(await verifies(ALERT_SECRET, `${one?.raw} `, signature)).toBe(false);
  });

  test("is not signed if there is no secret", async () => {
    const { told, raise } = startAlerts({ secret: undefined });
    await openDeadLetter();
    await raise();
    expect(told[0]?.headers.has("x-webhook-gateway-signature-256")).toBe(false);
  });

  test("has a text in which nothing is markup, whatever a server answered", async () => {
    const { told, raise } = startAlerts();
    await closeGate("grainchain", "HTTP 401: <b>no</b> & <!channel>");
    await raise();
    expect(told[0]?.body.text).toBe(
      `[webhook-gateway production] ALERT: Grainchain has not been called since ${second(0)}: ` +
        "configuration, HTTP 401: &lt;b&gt;no&lt;/b&gt; &amp; &lt;!channel&gt;",
    );
  });
});
