import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { errorCode } from "../error-code.ts";
import { detectSteps } from "./detection.ts";
import { parseStepsFile, STEPS_FILE, type StepPlan } from "./steps-file.ts";

const MAX_FILE_BYTES = 1024 ** 2;
const MAX_LISTED_DIRECTORIES = 200;

/** Plans what to run in a checkout, by its steps file or else by its other files. Runs nothing. */
export async function planSteps(directory: string): Promise<StepPlan> {
  const problems: string[] = [];
  const read = async (name: string): Promise<string | undefined> => {
    const { text, problem } = await readCheckoutFile(join(directory, name));
    if (problem !== undefined) problems.push(`${name} ${problem}`);
    return text;
  };
  const stepsFile = await read(STEPS_FILE);
  const file = stepsFile === undefined ? undefined : parseStepsFile(stepsFile);
  if (file?.kind === "invalid") return file;
  if (file?.steps !== undefined) return { kind: "steps", steps: file.steps, filter: file.filter };
  const packageJson = problems.length === 0 ? await read("package.json") : undefined;
  if (problems[0] !== undefined) return { kind: "invalid", message: problems[0] };
  const plan = detectSteps({
    packageJson,
    hasPackageLock:
      (await isFile(directory, "package-lock.json")) || (await isFile(directory, "npm-shrinkwrap.json")),
    makefile: (await read("GNUmakefile")) ?? (await read("makefile")) ?? (await read("Makefile")),
    hasPytestIni: (await read("pytest.ini")) !== undefined,
    pyproject: await read("pyproject.toml"),
    hasPythonTests: await hasPythonTests(join(directory, "tests")),
  });
  if (plan.kind === "invalid") return plan;
  // The unreadable file might name the tests: without them, "nothing to run" would pass.
  if (problems[0] !== undefined && !plan.steps.some(({ name }) => name === "test"))
    return { kind: "invalid", message: problems[0] };
  return file === undefined ? plan : { ...plan, filter: file.filter };
}

/** Reads a regular file, if it is there. A link is refused, since it may lead out of the checkout. */
async function readCheckoutFile(path: string): Promise<{ text?: string; problem?: string }> {
  const stats = await lstat(path).catch(errorCode);
  if (stats === "ENOENT") return {};
  if (typeof stats === "string") return { problem: `cannot be read (${stats})` };
  if (!stats.isFile()) return { problem: "is not a regular file" };
  if (stats.size > MAX_FILE_BYTES) return { problem: `is larger than ${MAX_FILE_BYTES} bytes` };
  return { text: await readFile(path, "utf8") };
}

async function isFile(directory: string, name: string): Promise<boolean> {
  const stats = await lstat(join(directory, name)).catch(() => undefined);
  return stats?.isFile() === true;
}

/** Looks for `test_*.py`, nearest first, in a limited number of directories. */
async function hasPythonTests(directory: string): Promise<boolean> {
  const directories = [directory];
  for (let index = 0; index < Math.min(directories.length, MAX_LISTED_DIRECTORIES); index += 1) {
    const parent = directories[index] ?? directory;
    for (const entry of await readdir(parent, { withFileTypes: true }).catch(() => [])) {
      if (entry.isFile() && /^test_.*\.py$/.test(entry.name)) return true;
      if (entry.isDirectory()) directories.push(join(parent, entry.name));
    }
  }
  return false;
}
