import { lstat, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { type CheckoutFiles, detectSteps } from "./detection.ts";
import { parseStepsFile, STEPS_FILE, type StepPlan } from "./steps-file.ts";

const MAX_FILE_BYTES = 1024 ** 2;
const MAX_LISTED_DIRECTORIES = 200;

/** A file of the checkout that the commit itself holds; a link is none, since it may point anywhere. */
type FileReading = { kind: "text"; text: string } | { kind: "absent" } | { kind: "unusable"; reason: string };

/** Says what is to be run in a checkout: its steps file, else what it looks like. Runs nothing. */
export async function planSteps(directory: string): Promise<StepPlan> {
  const file = await readCheckoutFile(directory, STEPS_FILE);
  if (file.kind === "unusable") return { kind: "invalid", message: `${STEPS_FILE} ${file.reason}` };
  if (file.kind === "text") return parseStepsFile(file.text);
  const packageJson = await readCheckoutFile(directory, "package.json");
  if (packageJson.kind === "unusable")
    return { kind: "invalid", message: `package.json ${packageJson.reason}` };
  const unusable: string[] = [];
  const plan = detectSteps(await readFiles(directory, textOf(packageJson), unusable));
  const [unread] = unusable;
  // It might have said what to test: "nothing to run" would pass.
  const isTested = plan.kind === "invalid" || plan.steps.some(({ name }) => name === "test");
  return isTested || unread === undefined ? plan : { kind: "invalid", message: unread };
}

/** @param unusable is given what is there and cannot be read, with the reason */
async function readFiles(
  directory: string,
  packageJson: string | undefined,
  unusable: string[],
): Promise<CheckoutFiles> {
  const text = async (name: string) => {
    const file = await readCheckoutFile(directory, name);
    if (file.kind === "unusable") unusable.push(`${name} ${file.reason}`);
    return textOf(file);
  };
  const exists = async (name: string) => (await text(name)) !== undefined;
  return {
    packageJson,
    hasPackageLock:
      (await isFile(directory, "package-lock.json")) || (await isFile(directory, "npm-shrinkwrap.json")),
    makefile: (await text("GNUmakefile")) ?? (await text("makefile")) ?? (await text("Makefile")),
    hasPytestIni: await exists("pytest.ini"),
    pyproject: await text("pyproject.toml"),
    hasPythonTests: await hasPythonTests(join(directory, "tests")),
  };
}

async function readCheckoutFile(directory: string, name: string): Promise<FileReading> {
  const path = join(directory, name);
  const stats = await lstat(path).catch(errorCode);
  if (stats === "ENOENT") return { kind: "absent" };
  if (typeof stats === "string") return { kind: "unusable", reason: `cannot be read (${stats})` };
  if (!stats.isFile()) return { kind: "unusable", reason: "is not a regular file" };
  if (stats.size > MAX_FILE_BYTES)
    return { kind: "unusable", reason: `is larger than ${MAX_FILE_BYTES} bytes` };
  return { kind: "text", text: await readFile(path, "utf8") };
}

async function isFile(directory: string, name: string): Promise<boolean> {
  const stats = await lstat(join(directory, name)).catch(() => undefined);
  return stats?.isFile() === true;
}

/** Looks for `test_*.py`, nearest first, in a bounded number of directories. */
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

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "unknown error";
}

function textOf(file: FileReading): string | undefined {
  return file.kind === "text" ? file.text : undefined;
}
