import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";

/** Files that start processes and leave the environment to others, each with the reason why that is right. */
const LEFT_TO_OTHERS: Readonly<Record<string, string>> = {
  "tools/bootstrap/guard.mjs": "hands on the environment that it was given for its script",
  "tools/local/processes.ts": "is given the whole environment",
  "tools/local/child.ts": "waits for processes that others start",
  "tools/bootstrap/toolchain.mjs": "is given the whole environment",
  "tools/test/bootstrap/bootstrap.test.ts":
    "starts the bootstrap, which makes the environment, as a person does",
  "tools/test/documented-commands.test.ts": "has a shell read what it does not run",
  "test/system/program.ts": "starts the bootstrap, which makes the environment, as a person does",
  "tools/test/support/documented.ts": "has a shell split words",
  "grainchain/src/sandbox/process.ts": "is given the whole environment",
  "grainchain/test/index.test.ts": "names every variable",
  "grainchain/test/provider/program.test.ts": "names every variable",
  "grainchain/test/provider/support/machines.ts": "names every variable",
  "grainchain/test/sandbox/leftovers.test.ts": "names every variable",
  "grainchain/test/http/openapi-client.test.ts": "names every variable",
  "grainchain/test/server.test.ts": "runs chown",
  "shared/test/support/surroundings.ts": "makes what the environment must keep away",
};

const STARTS_PROCESSES = /from "node:(?:child_process|cluster|worker_threads)"/;
const MAKES_ENVIRONMENT = /from "[^"]*\/child-environment\.mjs"/;

test("every file that starts a process builds its environment, or has a reason not to", () => {
  const files = globSync("{bench,cli,consumer,grainchain,producer,shared,test,tools}/**/*.{ts,tsx,mjs}", {
    cwd: ROOT,
    exclude: (name) => path.basename(name) === "node_modules",
  });
  const found = files.filter((file) => {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    return STARTS_PROCESSES.test(text) && !MAKES_ENVIRONMENT.test(text);
  });
  expect(found.toSorted()).toEqual(Object.keys(LEFT_TO_OTHERS).toSorted());
});
