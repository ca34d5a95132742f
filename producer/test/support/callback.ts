/** Callbacks as Grainchain sends them. */
import { capabilityToken } from "@webhook-gateway/shared/domain/capability.ts";
import { ORIGIN, SECRETS } from "./app.ts";
import { sign } from "./delivery.ts";
import type { Payload } from "./payloads.ts";

export const VALIDATION_ID = `35129377-pr-12-${"a".repeat(40)}-1`;

export const callbackBody = (over: Payload = {}): Payload => ({
  validation_id: "val_octo_widgets_12_1",
  project_id: "octo/widgets",
  pr_number: 12,
  pr_url: "https://github.com/octo/widgets/pull/12",
  status: "running",
  timestamp: "2026-11-23T09:59:30.123456",
  ...over,
});

export const AUTH_FORMS = ["signature", "bearer", "capability", "capability prefix"] as const;
export type AuthForm = (typeof AUTH_FORMS)[number];

/** The answer to a callback that is taken. */
export const statusOf = (form: AuthForm): 200 | 202 => (form.startsWith("capability") ? 200 : 202);

/** A callback that authenticates itself in this form. */
export async function callback(
  form: AuthForm,
  body: Payload | string = callbackBody(),
  secret: string = SECRETS.GRAINCHAIN_CALLBACK_SECRET,
): Promise<Request> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const capability = `/callbacks/${VALIDATION_ID}/${await capabilityToken(secret, VALIDATION_ID)}`;
  switch (form) {
    case "signature":
      return post("/webhook/status", text, { "x-grainchain-signature-256": await sign(secret, text) });
    case "bearer":
      return post("/webhook/status", text, { authorization: `Bearer ${secret}` });
    case "capability":
      return post(`${capability}/webhook/status`, text);
    case "capability prefix":
      return post(capability, text);
  }
}

/** A POST of JSON. */
export const post = (path: string, body: BodyInit, headers: Readonly<Record<string, string>> = {}): Request =>
  new Request(ORIGIN + path, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body,
  });
