/** What the global setup tells to tests. */
import "vitest";

export interface GitHubDouble {
  /** For `openGitHub`. */
  readonly url: string;
  readonly appId: number;
  /** SPKI, for `app.publicKeyPem` of a spec. */
  readonly publicKey: string;
  /** As GitHub hands it out. */
  readonly privateKeyPkcs1: string;
  /** The same key, as WebCrypto wants it. */
  readonly privateKeyPkcs8: string;
}

declare module "vitest" {
  interface ProvidedContext {
    githubDouble: GitHubDouble;
  }
}
