/** Who may do what: the bearer tokens of operators and readers. */

import type { ProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { bearerToken, sameSecret } from "@webhook-gateway/shared/config/secret.ts";

/** An operator may do everything; a reader may only read. */
export type Role = "operator" | "reader";

/** The role of an `Authorization` header's token; undefined if it has none. Compared in constant time. */
export async function roleOf(config: ProducerConfig, header: string | undefined): Promise<Role | undefined> {
  const token = bearerToken(header);
  if (token === undefined) return undefined;
  const [operator, reader] = await Promise.all([
    sameSecret(token, config.OPERATOR_TOKEN),
    sameSecret(token, config.READER_TOKEN),
  ]);
  if (operator) return "operator";
  return reader ? "reader" : undefined;
}
