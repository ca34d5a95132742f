/** The values that the global setup provides to tests. */
import "vitest";

export interface GitHubDouble {
  /** For `openGitHub`. */
  readonly url: string;
  readonly appId: number;
  /** SPKI, for `app.publicKeyPem` of a spec. */
  readonly publicKey: string;
  /** As GitHub issues it. */
  readonly privateKeyPkcs1: string;
  /** The same key, in the format of WebCrypto. */
  readonly privateKeyPkcs8: string;
}

declare module "vitest" {
  interface ProvidedContext {
    githubDouble: GitHubDouble;
  }
}
