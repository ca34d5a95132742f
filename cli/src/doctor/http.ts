/** One HTTP request of a check. */
import { type HttpAnswer, isTimeout, requestJson, unreachableReason } from "../api/http.ts";
import { GatewayError } from "../exit.ts";

const TIMEOUT_MS = 10_000;

/** @throws GatewayError if there is no answer */
export async function getJson(
  url: string,
  signal: AbortSignal,
  headers: Readonly<Record<string, string>> = {},
): Promise<HttpAnswer> {
  try {
    return await requestJson(url, TIMEOUT_MS, {
      headers: { accept: "application/json", "user-agent": "webhook-gateway-doctor", ...headers },
      signal,
    });
  } catch (thrown) {
    const isLate = isTimeout(thrown) || signal.aborted;
    const problem = isLate
      ? `did not answer within ${TIMEOUT_MS / 1000} s`
      : `cannot be reached${unreachableReason(thrown)}`;
    throw new GatewayError(`${url} ${problem}`);
  }
}
