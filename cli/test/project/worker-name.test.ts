import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { parseEnv } from "node:util";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";
import { ENVIRONMENTS } from "../../src/project/project.ts";
import { readWorkerFile } from "../../src/project/worker-file.ts";
import { checkWorkerName } from "../../src/project/worker-name.ts";
import { GIVEN_SECRETS, openProject } from "../support/fake-wrangler-project.ts";

const PROVISION = ["provision", "--env", "staging", "--yes"];
const OTHERS = "CLOUDFLARE_WORKER_NAME=somebody-elses\n";
const PROBLEM =
  "CLOUDFLARE_WORKER_NAME is somebody-elses, but the producer in wrangler.producer.toml is webhook-gateway-producer";

test("changes nothing with the settings of another project", async () => {
  const project = await openProject();
  writeFileSync(path.join(project.dir, ".env"), OTHERS);

  const ran = await project.run(PROVISION, GIVEN_SECRETS);

  expect(ran).toMatchObject({ code: 1, stdout: "" });
  expect(ran.stderr).toContain(`error: ${PROBLEM}`);
  expect(project.calls()).toEqual([]);
});

test("doctor reports that, too", async () => {
  const project = await openProject();
  writeFileSync(path.join(project.dir, ".env"), OTHERS);
  project.edit("wrangler.consumer.toml", (toml) =>
    toml.replaceAll("https://api.github.com", "http://127.0.0.1:1"),
  );

  const { stdout } = await project.run(["doctor", "--env", "staging", "--output", "json"]);

  expect(JSON.parse(stdout).items).toContainEqual({
    check: "both files",
    status: "fail",
    what: expect.stringContaining(PROBLEM),
    mend: "fix what is named",
  });
});

test.each(ENVIRONMENTS)(
  "accepts the name in .env.example, the full name, and no name: %s",
  async (environment) => {
    const { CLOUDFLARE_WORKER_NAME = "" } = parseEnv(readFileSync(path.join(ROOT, ".env.example"), "utf8"));
    const producer = await readWorkerFile(ROOT, "producer", environment);

    expect(CLOUDFLARE_WORKER_NAME).not.toBe("");
    for (const name of [CLOUDFLARE_WORKER_NAME, `${CLOUDFLARE_WORKER_NAME}-${environment}`])
      expect(() => checkWorkerName({ CLOUDFLARE_WORKER_NAME: name }, producer, environment)).not.toThrow();
    expect(() => checkWorkerName({}, producer, environment)).not.toThrow();
  },
);
