/** The tokens of people and scripts. */
import type { ProducerConfig } from "@webhook-gateway/shared/config/producer.ts";
import { sameDigest, secretDigest } from "@webhook-gateway/shared/config/secret.ts";
import type { Caller } from "./caller.ts";

export interface TokenHolder extends Caller {
  readonly token: string;
}

type TokenConfig = Pick<
  ProducerConfig,
  "OPERATOR_TOKEN" | "OPERATOR_TOKENS" | "READER_TOKEN" | "READER_TOKENS"
>;

/** Everybody who has a token, operators first. */
export const tokenHolders = (config: TokenConfig): TokenHolder[] => [
  { role: "operator", name: "operator", token: config.OPERATOR_TOKEN },
  ...Object.entries(config.OPERATOR_TOKENS).map(
    ([name, token]) => ({ role: "operator", name, token }) as const,
  ),
  { role: "reader", name: "reader", token: config.READER_TOKEN },
  ...Object.entries(config.READER_TOKENS).map(([name, token]) => ({ role: "reader", name, token }) as const),
];

/** Whose token this is; undefined if nobody has it. */
export type FindHolder = (token: string) => Promise<TokenHolder | undefined>;

/** Compares with every token, in constant time. Their digests are computed once. */
export function createTokens(config: TokenConfig): FindHolder {
  const holders = tokenHolders(config);
  let digests: readonly Uint8Array[] | undefined;
  return async function findHolder(token) {
    digests ??= await Promise.all(holders.map((holder) => secretDigest(holder.token)));
    const given = await secretDigest(token);
    const same = digests.map((digest) => sameDigest(given, digest));
    return holders[same.indexOf(true)];
  };
}
