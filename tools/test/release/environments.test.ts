import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { addCell, SOURCE, writeFiles } from "../../../cli/src/project/environments.ts";
import { commitFiles, makeDirectory } from "../../../test/system/repositories.ts";

const FILES = [SOURCE, "wrangler.producer.toml", "wrangler.consumer.toml"];

/** A checkout with edits of its committed files, and the command run in it. */
function openCheckout(edits: Readonly<Record<string, readonly [from: string, to: string]>>) {
  const root = makeDirectory();
  commitFiles(
    root,
    ".",
    Object.fromEntries(FILES.map((file) => [file, readFileSync(path.join(ROOT, file), "utf8")])),
  );
  const read = (file: string): string => readFileSync(path.join(root, file), "utf8");
  for (const [file, [from, to]] of Object.entries(edits))
    writeFileSync(path.join(root, file), read(file).replace(from, to));
  const run = (...args: string[]) => {
    const env = { ...childEnvironment(process.env), GATEWAY_PROJECT: root };
    const script = path.join(ROOT, "tools/release/environments.ts");
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };
  return { root, read, run };
}

test("an edit of the source is written to both files", () => {
  const { read, run } = openCheckout({ [SOURCE]: ['REPOSITORY_DENY = ""', 'REPOSITORY_DENY = "acme/*"'] });

  expect(run()).toEqual({
    status: 0,
    stdout: "wrote wrangler.producer.toml, wrangler.consumer.toml\n",
    stderr: "",
  });

  expect(read("wrangler.consumer.toml").match(/REPOSITORY_DENY = "acme\/\*"/g)).toHaveLength(3);
  expect(run()).toEqual({ status: 0, stdout: "nothing to do\n", stderr: "" });
});

test("the examples of a new cell are replaced before it is committed", () => {
  const { root, read, run } = openCheckout({});
  writeFiles(root, addCell(root, "acme-2"));
  const edited = read(SOURCE).replace("https://grainchain.acme-2.example.com", "https://grainchain.acme.dev");
  writeFileSync(path.join(root, SOURCE), edited);

  expect(run()).toMatchObject({ status: 0, stdout: "wrote wrangler.consumer.toml\n" });
});

test("an edit of what is generated is not lost without --force", () => {
  const { read, run } = openCheckout({
    "wrangler.consumer.toml": [
      'GRAINCHAIN_API_URL = "https://grainchain.production.example.com"',
      'GRAINCHAIN_API_URL = "https://grainchain.acme.dev"\nADDED = "here"',
    ],
    [SOURCE]: ['REPOSITORY_DENY = ""', 'REPOSITORY_DENY = "acme/*"'],
  });
  const before = FILES.map(read);

  expect(run()).toEqual({
    status: 1,
    stdout: "",
    stderr: [
      "these would be lost: move them to environments.toml, or run npm run environments -- --force",
      "  vars.GRAINCHAIN_API_URL of production in wrangler.consumer.toml",
      "  vars.ADDED of production in wrangler.consumer.toml",
      "",
    ].join("\n"),
  });
  expect(FILES.map(read)).toEqual(before);

  expect(run("--force")).toMatchObject({ status: 0 });
  expect(read("wrangler.consumer.toml")).not.toContain("acme.dev");
});
