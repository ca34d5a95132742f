/** Where the App's credentials are kept: in an ignored file that `npm start`, `provision` and `doctor` read. */
import path from "node:path";
import { GatewayError } from "../exit.ts";
import { readSettingsFile } from "../input/settings-file.ts";
import { writeSettings } from "../input/settings-writer.ts";
import { DEV_VARS, DEV_VARS_HEADER, newDevVars } from "../project/dev-vars.ts";
import { type EnvironmentName, environmentFile, type Settings } from "../project/project.ts";
import { whyGitMightCommit } from "../provision/git-ignore.ts";
import type { CreatedApp } from "./conversion.ts";

/** The file of an environment. */
export const credentialsFile = (environment: EnvironmentName): string =>
  environment === "development" ? DEV_VARS : environmentFile(environment);

/** @throws GatewayError if git could commit the file, or it cannot be read */
export function checkCredentialsFile(dir: string, environment: EnvironmentName): void {
  const name = credentialsFile(environment);
  const why = whyGitMightCommit(path.join(dir, name));
  if (why !== undefined) throw new GatewayError(`${name} ${why}, so it cannot keep the App's credentials`);
  readSettingsFile(dir, name);
}

/** Stores them. A webhook secret that is in use stays valid beside the new one. @throws GatewayError */
export function storeCredentials(dir: string, environment: EnvironmentName, app: CreatedApp): void {
  const name = credentialsFile(environment);
  const before: Settings = readSettingsFile(dir, name);
  const fresh = environment === "development" && Object.keys(before).length === 0 ? newDevVars() : {};
  const values = {
    ...fresh,
    GITHUB_APP_ID: String(app.id),
    GITHUB_APP_PRIVATE_KEY: app.pem,
    ...(app.webhook_secret !== null && {
      GITHUB_WEBHOOK_SECRET: app.webhook_secret,
      ...(before.GITHUB_WEBHOOK_SECRET && { GITHUB_WEBHOOK_SECRET_PREVIOUS: before.GITHUB_WEBHOOK_SECRET }),
    }),
  };
  writeSettings(
    dir,
    name,
    values,
    environment === "development" ? DEV_VARS_HEADER : `gateway, ${environment}`,
  );
}
