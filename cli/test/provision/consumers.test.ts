import { expect, test } from "vitest";
import { type FakeQueue, provisioned } from "../support/fake-wrangler-account.ts";
import { openProject } from "../support/fake-wrangler-project.ts";
import { nameDatabase, UUID } from "../support/provisioned-project.ts";

const CONSUMER = "webhook-gateway-consumer-staging";
const YES = ["provision", "--env", "staging", "--yes"];

/** All that staging needs, and these queues. */
async function openWith(...queues: readonly FakeQueue[]) {
  const state = provisioned("staging", UUID);
  const named = (state.queues ?? []).filter(({ name }) => !queues.some((one) => one.name === name));
  const project = await openProject({ ...state, queues: [...named, ...queues] });
  nameDatabase(project, UUID);
  return project;
}

const queue = (name: string, ...scripts: readonly string[]): FakeQueue => ({
  name,
  retention: 1_209_600,
  consumers: scripts.map((script) => ({ type: "worker", script })),
});

test.each([
  ["our Worker on a queue that the files do not name", queue("old-events", CONSUMER), "old-events", CONSUMER],
  [
    "another Worker on a queue of ours",
    queue("webhook-gateway-events-staging", "old-consumer"),
    "webhook-gateway-events-staging",
    "old-consumer",
  ],
])("leaves %s attached unless that is confirmed separately", async (_, stray, name, script) => {
  const project = await openWith(stray);

  const asked = await project.run(YES);

  expect(asked.code).toBe(0);
  expect(asked.stdout).toMatch(new RegExp(`consumer of ${name} +${script} +detached, if confirmed`));
  expect(asked.stderr).toContain(
    `note: ${script} still consumes queue ${name}: npm run wrangler -- queues consumer worker remove ${name} ${script}\n`,
  );
  expect(project.changes()).toEqual([]);

  const detached = await project.run([...YES, "--detach"]);

  expect(detached.code).toBe(0);
  expect(detached.stderr).toContain(`detached ${script} from queue ${name}\n`);
  expect(project.changes()).toEqual([`queues consumer worker remove ${name} ${script}`]);
  expect((await project.run(YES)).stderr).toContain("nothing to do");
});

test("leaves the consumers of other environments and projects alone", async () => {
  const project = await openWith(
    queue("webhook-gateway-events-production", "webhook-gateway-consumer-production"),
    queue("somebody-elses", "somebody"),
    queue("nobodys"),
  );

  expect(await project.run([...YES, "--detach"])).toEqual({
    code: 0,
    stdout: "",
    stderr: "nothing to do: everything in the configuration files already exists in staging\n",
  });
});

test("names an HTTP pull consumer", async () => {
  const project = await openWith({
    name: "webhook-gateway-events-staging",
    retention: 1_209_600,
    consumers: [{ type: "worker", script: CONSUMER }, { type: "http_pull" }],
  });

  const { stderr } = await project.run(YES);

  expect(stderr).toContain(
    "note: queue webhook-gateway-events-staging also has an HTTP pull consumer: " +
      "npm run wrangler -- queues consumer http remove webhook-gateway-events-staging\n",
  );
});
