/** Callbacks to the gateway, as a Grainchain server without a callback secret sends them. */
import { setTimeout as delay } from "node:timers/promises";

export interface CallbackBody {
  readonly validation_id: string;
  readonly project_id: string;
  readonly pr_number: number;
  readonly status: string;
  readonly results?: unknown;
  readonly timestamp: string;
}

const RETRY_MS = 100;

/**
 * Posts a callback.
 * @param tries how often it is tried before it is lost
 * @returns the answer's status; 0 if there was no answer
 */
export async function postCallback(webhookUrl: string, body: CallbackBody, tries: number): Promise<number> {
  let status = 0;
  for (let made = 0; made < tries; made++) {
    if (made > 0) await delay(RETRY_MS);
    status = await postOnce(`${webhookUrl}/webhook/status`, JSON.stringify(body));
    if (status >= 200 && status < 300) return status;
  }
  return status;
}

async function postOnce(url: string, body: string): Promise<number> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body,
    });
    await response.text();
    return response.status;
  } catch {
    return 0;
  }
}
