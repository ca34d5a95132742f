/** Turns the code that GitHub's page returns into the App's credentials. It works once, and for an hour. */
import * as v from "valibot";
import { type HttpAnswer, requestJson, unreachableReason } from "../api/http.ts";
import { GatewayError } from "../exit.ts";
import { plainText } from "../output/plain-text.ts";

const TIMEOUT_MS = 30_000;

const conversion = v.object({
  id: v.number(),
  slug: v.pipe(v.string(), v.regex(/^[\w-]+$/)),
  html_url: v.pipe(v.string(), v.regex(/^https?:\/\/[^\s\p{Cc}]+$/u)),
  pem: v.string(),
  webhook_secret: v.nullish(v.string(), null),
});

export type CreatedApp = v.InferOutput<typeof conversion>;

/** @throws GatewayError, which never quotes the code */
export async function convertCode(apiUrl: string, code: string): Promise<CreatedApp> {
  const { status, body } = await post(`${apiUrl}/app-manifests/${code}/conversions`, apiUrl);
  if (status === 404 || status === 422)
    throw new GatewayError(
      `GitHub does not accept the code (HTTP ${status}): it has been used already, or is older than an hour. ` +
        "Nothing was stored. Delete the App on GitHub if it exists, and run the command again",
    );
  if (status !== 201) throw new GatewayError(`GitHub does not give the App's credentials: HTTP ${status}`);
  const parsed = v.safeParse(conversion, body);
  if (parsed.success) return parsed.output;
  throw new GatewayError("GitHub's answer with the App's credentials cannot be read");
}

async function post(url: string, apiUrl: string): Promise<HttpAnswer> {
  try {
    return await requestJson(url, TIMEOUT_MS, {
      method: "POST",
      headers: {
        accept: "application/vnd.github+json",
        "user-agent": "webhook-gateway",
        "x-github-api-version": "2022-11-28",
      },
    });
  } catch (thrown) {
    throw new GatewayError(
      `${plainText(apiUrl)} does not answer${unreachableReason(thrown)}. Nothing was stored: delete the App on GitHub, ` +
        "and run the command again",
    );
  }
}
