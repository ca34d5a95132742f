/** Sends alerts to the receiver: the same message, whatever raised it. */
import type { NotifiedAlert } from "@webhook-gateway/shared/store/maintain/alerts.ts";
import { errorText, type Log } from "@webhook-gateway/shared/telemetry/log.ts";
import { hex, hmacSha256 } from "@webhook-gateway/shared/text/hash.ts";

export interface AlertSender {
  readonly fetch: typeof fetch;
  readonly log: Log;
  readonly environment: string;
  /** Undefined: alerts are logged only. */
  readonly url: string | undefined;
  readonly secret: string | undefined;
}

/** A receiver that hangs is given up after this long. */
export const SEND_TIMEOUT_MS = 10_000;

/**
 * Sends an alert and logs it. One that the receiver did not accept stays due: the next check sends it.
 * @returns the alert to keep
 */
export async function sendAlert(
  sender: AlertSender,
  name: string,
  alert: NotifiedAlert,
): Promise<NotifiedAlert> {
  const { log, url } = sender;
  if (alert.attempts === 0) log.warn("alert", { condition: name, state: alert.state, text: alert.text });
  if (url === undefined) return { ...alert, told: alert.state };
  const attempts = alert.attempts + 1;
  try {
    await post(sender, url, name, alert);
    return { ...alert, told: alert.state, attempts };
  } catch (thrown) {
    // The address is a secret: fetch's message, which may hold it, is cut off.
    const error = thrown instanceof AlertRefused ? thrown.message : errorText(thrown).split(":")[0];
    log.error("alert.not-sent", { condition: name, attempts, error });
    return { ...alert, attempts };
  }
}

class AlertRefused extends Error {
  override readonly name = "AlertRefused";
}

async function post(sender: AlertSender, url: string, name: string, alert: NotifiedAlert): Promise<void> {
  const { state, text, since } = alert;
  const word = state === "firing" ? "ALERT" : "resolved";
  const body = JSON.stringify({
    text: slackText(`[webhook-gateway ${sender.environment}] ${word}: ${text}`),
    environment: sender.environment,
    condition: name,
    state,
    since,
  });
  const signature =
    sender.secret === undefined ? {} : { "x-webhook-gateway-signature-256": await sign(sender.secret, body) };
  const response = await sender.fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "user-agent": "webhook-gateway", ...signature },
    body,
    redirect: "manual",
    signal: AbortSignal.timeout(SEND_TIMEOUT_MS),
  });
  await response.body?.cancel();
  if (!response.ok) throw new AlertRefused(`HTTP ${response.status}`);
}

/** Text of a server's answer must not become markup, a mention or a link (https://docs.slack.dev/messaging/formatting-message-text). */
const slackText = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

/** As GitHub signs its deliveries. */
const sign = async (secret: string, body: string): Promise<string> =>
  `sha256=${hex(new Uint8Array(await hmacSha256(new TextEncoder().encode(secret), body)))}`;
