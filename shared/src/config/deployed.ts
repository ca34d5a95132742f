/** Rules for what is deployed. Development is on one machine, where short secrets and plain HTTP harm nobody. */
import * as v from "valibot";

/** Enough that no secret can be guessed, however often somebody tries. */
const MIN_SECRET_LENGTH = 32;

/** The values of a key: a secret, or several by label. */
export interface NamedSecret {
  readonly key: string;
  readonly value: string | undefined;
  /** Whether it may not be missing: something else needs it. */
  readonly required?: boolean;
}

interface DeployedRules<Config> {
  readonly secrets: (config: Config) => readonly NamedSecret[];
  /** Keys whose address must be https. */
  readonly addresses: (config: Config) => readonly { readonly key: string; readonly url: string }[];
}

/** Checks a Worker's configuration outside development. Every problem names its key, and never a value. */
export const deployed = <Config extends { readonly ENVIRONMENT: string }>({
  secrets,
  addresses,
}: DeployedRules<Config>) =>
  v.rawCheck<Config>(({ dataset, addIssue }) => {
    if (!dataset.typed || dataset.value.ENVIRONMENT === "development") return;
    const config = dataset.value;
    const given = secrets(config).flatMap(({ key, value }) => (value === undefined ? [] : [{ key, value }]));
    const refuse = (key: string, message: string): void =>
      addIssue({
        message,
        path: [{ type: "object", origin: "value", input: { ...config }, key, value: "" }],
      });
    for (const { key, value, required } of secrets(config))
      if (required === true && value === undefined) refuse(key, "missing");
    for (const [index, { key, value }] of given.entries()) {
      if (value.length < MIN_SECRET_LENGTH) refuse(key, `shorter than ${MIN_SECRET_LENGTH} characters`);
      const same = given.slice(0, index).find((one) => one.value === value && !isItsPrevious(key, one.key));
      if (same !== undefined) refuse(key, `the same as ${same.key}`);
    }
    for (const { key, url } of addresses(config)) if (!url.startsWith("https:")) refuse(key, "not https");
  });

/** In the middle of a rotation, the previous secret is the current one. */
const isItsPrevious = (key: string, other: string): boolean => key === `${other}_PREVIOUS`;

/** Addresses that are not routed on the Internet, and names that are only resolved in a private network. */
const PRIVATE_HOST =
  /^(?:localhost|.+\.(?:localhost|local|internal)|(?:127|10)(?:\.\d+){3}|192\.168(?:\.\d+){2}|172\.(?:1[6-9]|2\d|3[01])(?:\.\d+){2}|\[::1\]|\[f[cd][0-9a-f]{2}:.+\])$/;

/** Whether a URL's host is on a private network. */
export const isPrivate = (url: string): boolean => PRIVATE_HOST.test(URL.parse(url)?.hostname ?? "");
