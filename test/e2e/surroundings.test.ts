import { mkdirSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { proxyVariables, startAsked } from "../../shared/test/support/proxy.ts";
import { filesOf, makeOddHome, makeOtherRepository } from "../../shared/test/support/surroundings.ts";
import { environment, startProgram } from "../system/program.ts";
import { makeDirectory } from "../system/repositories.ts";
import { copyCheckout } from "./support/checkout.ts";

const LOOPBACK = /^(?:http:\/\/)?(?:localhost|127\.|\[::1\])/;

/** Variables that a user may have set for other programs. */
const ODD = {
  NODE_ENV: "production",
  CI: undefined,
  FORCE_COLOR: "1",
  CDPATH: "/",
  GREP_OPTIONS: "-v",
  LC_ALL: "tr_TR.UTF-8",
  TZ: "Asia/Kathmandu",
  CLOUDFLARE_API_TOKEN: "token",
  CLOUDFLARE_ACCOUNT_ID: "account",
  CLOUDFLARE_ENV: "production",
  CLOUDFLARE_LOAD_DEV_VARS_FROM_DOT_ENV: "false",
  CLOUDFLARE_INCLUDE_PROCESS_ENV: "false",
  WRANGLER_LOG: "none",
  WRANGLER_CI_OVERRIDE_NAME: "other",
  X_LOCAL_EXPLORER: "false",
};

test("shows the demo in any folder and environment, and changes neither", async () => {
  const place = path.join(makeDirectory(), "Straße #1 %41");
  const [checkout, tmp] = [path.join(place, "a checkout"), path.join(place, "a tmp")];
  copyCheckout(checkout);
  mkdirSync(tmp);
  const [home, other, proxy] = [makeOddHome(place), makeOtherRepository(place), await startAsked()];
  const before = { home: filesOf(home), other: other.files() };
  const { env } = await environment();

  const program = startProgram(
    ["start"],
    {
      ...env,
      ...ODD,
      ...other.variables,
      ...proxyVariables(proxy.port),
      HOME: home,
      XDG_CONFIG_HOME: home,
      GIT_CONFIG_GLOBAL: path.join(home, ".gitconfig"),
      TMPDIR: tmp,
      GATEWAY_STATE: path.join(place, "a state"),
    },
    { checkout },
  );

  await program.waitForLine(/^ {2}completed success|^demo: did not/);
  await program.stop("SIGTERM");
  expect(program.lines.join("\n")).toContain("\n  completed success after ");
  expect({ home: filesOf(home), other: other.files() }).toEqual(before);
  expect(proxy.urls.filter((url) => LOOPBACK.test(url))).toEqual([]);
});
