/** Values of secrets that a person has given. */
import type { Settings } from "../project/project.ts";
import type { SecretsFile } from "./secrets-file.ts";

export interface SecretInputs {
  readonly settings: Settings;
  readonly file: SecretsFile | undefined;
}

export const givenSecret = (name: string, { settings, file }: SecretInputs): string | undefined =>
  settings[name] ?? file?.values?.[name];
