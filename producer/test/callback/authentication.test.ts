import { describe, expect, test } from "vitest";
import { SECRETS, startApp } from "../support/app.ts";
import { AUTH_FORMS, callback, callbackBody, statusOf, VALIDATION_ID } from "../support/callback.ts";
import { expectRefusal } from "../support/errors.ts";

const PREVIOUS = "unit-callback-secret-before";
const ROTATING = { GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: PREVIOUS };

const send = async (form: (typeof AUTH_FORMS)[number], secret: string, env: Record<string, string>) => {
  const app = startApp({ env });
  const response = await app.fetch(await callback(form, callbackBody(), secret));
  return { app, response, lines: app.lines.map((line) => JSON.parse(line)) };
};

describe.each(AUTH_FORMS)("while the callback secret is changed, by %s", (form) => {
  test.each([
    ["current", SECRETS.GRAINCHAIN_CALLBACK_SECRET],
    ["previous", PREVIOUS],
  ])("the %s one is taken, and its label logged", async (label, secret) => {
    const { app, response, lines } = await send(form, secret, ROTATING);
    expect(response.status).toBe(statusOf(form));
    const ours = form.startsWith("capability");
    expect(app.sent).toEqual([
      expect.objectContaining(
        ours
          ? { id_kind: "ours", validation_id: VALIDATION_ID }
          : { id_kind: "any", validation_id: "val_octo_widgets_12_1" },
      ),
    ]);
    expect(lines).toEqual([expect.objectContaining({ event: "callback.accepted", secret: label })]);
  });

  test.each([
    ["another one", "guess", ROTATING],
    [
      "the webhook's previous one",
      "a webhook's",
      { ...ROTATING, GITHUB_WEBHOOK_SECRET_PREVIOUS: "a webhook's" },
    ],
    ["the previous one once it is deleted", PREVIOUS, {}],
    ["the previous one once it is empty", PREVIOUS, { GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: "" }],
    ["an empty one where none is the previous", " ", { GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: "" }],
  ])("%s is refused", async (_, secret, env) => {
    const { app, response } = await send(form, secret, env);
    await expectRefusal(response, 401, "unauthorized");
    expect(app.sent).toEqual([]);
  });
});

test.each(AUTH_FORMS)("with CALLBACK_BEARER off, only the bearer form is refused: %s", async (form) => {
  const { response } = await send(form, SECRETS.GRAINCHAIN_CALLBACK_SECRET, { CALLBACK_BEARER: "false" });
  expect(response.status).toBe(form === "bearer" ? 401 : statusOf(form));
});

test.each(AUTH_FORMS)("what is one secret twice is the current one, by %s", async (form) => {
  const secret = SECRETS.GRAINCHAIN_CALLBACK_SECRET;
  const { lines } = await send(form, secret, { GRAINCHAIN_CALLBACK_SECRET_PREVIOUS: secret });
  expect(lines).toEqual([expect.objectContaining({ secret: "current" })]);
});
