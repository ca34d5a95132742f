import { expect, test } from "vitest";
import { addCell, SOURCE, writeFiles } from "../../src/project/environments.ts";
import { FILES, GIVEN_SECRETS, openProject, type Project } from "../support/fake-wrangler-project.ts";

const CONSUMER = "wrangler.consumer.toml";
const END = "# ── end of the environments";

const readAll = (project: Project): string[] => [SOURCE, ...FILES].map(project.read);

const provision = (project: Project, environment: string) =>
  project.run(["provision", "--env", environment, "--yes"], GIVEN_SECRETS);

async function doctor(project: Project, environment: string): Promise<unknown[]> {
  const { stdout } = await project.run(["doctor", "--env", environment, "--output", "json"]);
  return JSON.parse(stdout).items;
}

/** A project that reaches nothing outside this machine. */
async function openOffline(): Promise<Project> {
  const project = await openProject();
  project.editEnvironments((toml) => toml.replace("https://api.github.com", "http://127.0.0.1:1"));
  return project;
}

/** The same, but somebody has edited what is generated of production. */
async function openEdited(): Promise<Project> {
  const project = await openOffline();
  project.edit(CONSUMER, (toml) =>
    toml
      .replace("https://grainchain.production.example.com", "https://127.0.0.1:1")
      .replace("[env.production.vars]\n", '$&ADDED = "here" # by hand\n'),
  );
  return project;
}

test("keeps what somebody has edited in the environment, and doctor names it", async () => {
  const project = await openEdited();
  const before = readAll(project);

  expect(await provision(project, "production")).toMatchObject({ code: 0 });

  const [{ uuid = "" } = {}] = project.account.read().databases;
  expect(readAll(project)).toEqual(
    before.map((toml) => toml.replace("00000000-0000-4000-8000-000000000003", uuid)),
  );
  expect(await doctor(project, "production")).toContainEqual({
    check: "both files",
    status: "warn",
    what: `vars.ADDED of production in ${CONSUMER} differs from ${SOURCE} (1 of 2)`,
    mend: `move what is right to ${SOURCE}, then npm run environments`,
  });
});

test("adds a cell after what somebody has edited", async () => {
  const project = await openEdited();
  const before = readAll(project);

  expect(await provision(project, "acme-2")).toMatchObject({ code: 0 });

  const [source = "", ...files] = readAll(project);
  expect(source.startsWith(before[0]?.trimEnd() ?? "?")).toBe(true);
  for (const [index, toml] of files.entries()) {
    const [upToEnd = "?", rest] = before[index + 1]?.split(END) ?? [];
    expect(toml.startsWith(`${upToEnd}[env.acme-2.vars]\n`)).toBe(true);
    expect(toml.split(END)[1]).toBe(rest);
  }
});

test("generates a cell as the source has it", async () => {
  const project = await openProject();
  const cell = '\n[env.acme-2]\ndatabase_id = ""\nnamespace_id = "7"\nconsumer.vars.GITHUB_BUDGET = "off"\n';
  project.edit(SOURCE, (toml) => toml + cell);

  expect(await provision(project, "acme-2")).toMatchObject({ code: 0 });

  const [{ uuid = "?" } = {}] = project.account.read().databases;
  expect(project.read(SOURCE)).toContain(cell.replace('""', `"${uuid}"`));
  expect(project.read(CONSUMER)).toMatch(/\[env\.acme-2\.vars\]\n(.+\n)+GITHUB_BUDGET = "off"/);
});

test.each(["in", "after"])(
  "takes an environment that only the files have: %s the generated part",
  async (at) => {
    const project = await openOffline();
    const [, ...added] = addCell(project.dir, "acme-2");
    writeFiles(project.dir, added);
    const section = /\[env\.acme-2\.vars\][\s\S]*?(?=# ── end)/;
    const move = (toml: string) => `${toml.replace(section, "")}\n${section.exec(toml)?.[0]}`;
    if (at === "after") for (const file of FILES) project.edit(file, move);
    const before = readAll(project);

    expect(await provision(project, "acme-2")).toMatchObject({ code: 0 });

    const [{ uuid = "" } = {}] = project.account.read().databases;
    expect(readAll(project)).toEqual(
      before.map((toml) => toml.replace("00000000-0000-4000-8000-000000000000", uuid)),
    );
    expect(await provision(project, "acme-2")).toMatchObject({
      stderr: expect.stringMatching(/^nothing to do/),
    });
    expect(await doctor(project, "acme-2")).toContainEqual(
      expect.objectContaining({
        status: "warn",
        what: expect.stringMatching(/^vars\.ENVIRONMENT of acme-2 in wrangler\.producer\.toml differs from/),
      }),
    );
  },
);

test("a cell does not share the rate limits of an environment that only the files have", async () => {
  const project = await openProject();
  project.edit("wrangler.producer.toml", (toml) =>
    toml.replace(END, '[[env.mine.ratelimits]]\nnamespace_id = "1004"\n\n$&'),
  );

  const [source] = addCell(project.dir, "acme-2");

  expect(source?.text).toContain('namespace_id = "1005"');
});
