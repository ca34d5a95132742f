/** A person who connects an App: opens the address that the command prints, and presses GitHub's button. */
import * as v from "valibot";
import { onTestFinished } from "vitest";
import { startGatewayCommand } from "./gateway-command.ts";

/** Starts `gateway connect`. @returns once it serves its page */
export async function startConnect(args: readonly string[], env: Readonly<Record<string, string>>) {
  const { child, ended } = startGatewayCommand(["connect", ...args], env);
  onTestFinished(() => void child.kill());
  const page = new Promise<string>((resolve) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (chunk) => {
        const [url] = /http:\/\/127\.0\.0\.1:\d+\/[\w-]+/.exec(String(chunk)) ?? [];
        if (url !== undefined) resolve(url);
      });
  });
  const failed = ended.then(({ stderr }) => {
    throw new Error(`it ended without a page: ${stderr}`);
  });
  failed.catch(() => undefined);
  return { child, ended, url: await Promise.race([page, failed]) };
}

const form = v.tuple([v.string(), v.string(), v.string()]);

/** The form of the command's page. */
export async function readForm(url: string) {
  const page = await (await fetch(url)).text();
  const [, action, value] = v.parse(
    form,
    /<form action="([^"]+)"[^>]*><input type="hidden" name="manifest" value="([^"]+)"/
      .exec(page)
      ?.slice(0, 3),
  );
  return {
    action: action.replaceAll("&amp;", "&"),
    manifest: value.replaceAll("&quot;", '"').replaceAll("&amp;", "&"),
  };
}

/** Has GitHub make the App. @returns where GitHub leads back to */
export async function pressCreate(url: string): Promise<string> {
  const { action, manifest } = await readForm(url);
  const body = new URLSearchParams({ manifest, confirmed: "1" });
  const answered = await fetch(action, { method: "POST", body, redirect: "manual" });
  const location = answered.headers.get("location");
  if (location === null)
    throw new Error(`GitHub did not make it: ${answered.status} ${await answered.text()}`);
  return location;
}
