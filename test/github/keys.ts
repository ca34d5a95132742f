/** A GitHub App's key pair. */
import { generateKeyPairSync } from "node:crypto";

export interface AppKeys {
  /** As GitHub issues it. */
  readonly privateKeyPkcs1: string;
  /** The same key, in the format of WebCrypto. */
  readonly privateKeyPkcs8: string;
  /** SPKI. */
  readonly publicKey: string;
}

/** Generates a key pair as GitHub does. */
export function generateAppKeys(): AppKeys {
  const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return {
    privateKeyPkcs1: privateKey.export({ type: "pkcs1", format: "pem" }).toString(),
    privateKeyPkcs8: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
  };
}
