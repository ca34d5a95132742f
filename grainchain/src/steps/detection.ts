import * as v from "valibot";
import type { Step, StepPlan } from "./steps-file.ts";

/** The files of a checkout that detection looks at. */
export type CheckoutFiles = {
  packageJson?: string | undefined;
  hasPackageLock: boolean;
  makefile?: string | undefined;
  hasPytestIni: boolean;
  pyproject?: string | undefined;
  /** Whether there is a file `test_*.py` below `tests`. */
  hasPythonTests: boolean;
};

/** The script that `npm init` writes if there are no tests; it always fails. */
const NPM_PLACEHOLDER = /no test specified/;

const OBJECT = "must be an object";
const EntriesSchema = v.optional(v.record(v.string(), v.unknown(), OBJECT), {});

const PackageSchema = v.pipe(
  v.string(),
  v.parseJson(undefined, "is not valid JSON"),
  // A list would pass as an object without entries.
  v.check((data) => !Array.isArray(data), OBJECT),
  v.object({ scripts: EntriesSchema, dependencies: EntriesSchema, devDependencies: EntriesSchema }, OBJECT),
);

/**
 * Detects what to run in a commit without a steps file: npm's `lint` and `test`, else `make test`, else pytest. Only
 * one of them becomes the step `test`, since a Makefile mostly wraps the others.
 */
export function detectSteps(files: CheckoutFiles): StepPlan {
  const npm = detectNpmSteps(files);
  if (npm.kind === "invalid" || npm.steps.some((step) => step.name === "test")) return npm;
  return { kind: "steps", steps: [...npm.steps, ...detectOtherTests(files)] };
}

function detectNpmSteps({ packageJson, hasPackageLock }: CheckoutFiles): StepPlan {
  if (packageJson === undefined) return { kind: "steps", steps: [] };
  const parsed = v.safeParse(PackageSchema, packageJson, { abortPipeEarly: true });
  if (!parsed.success) {
    const [issue] = parsed.issues;
    const path = v.getDotPath(issue);
    return {
      kind: "invalid",
      message: `package.json${path === null ? "" : `: ${path}`} ${issue.message}`,
    };
  }
  const { scripts, dependencies, devDependencies } = parsed.output;
  const steps: Step[] = [];
  if (typeof scripts.lint === "string") steps.push({ name: "lint", run: "npm run lint" });
  if (typeof scripts.test === "string" && !NPM_PLACEHOLDER.test(scripts.test)) {
    steps.push({ name: "test", run: "npm test" });
  }
  const needsInstall = Object.keys({ ...dependencies, ...devDependencies }).length > 0;
  if (steps.length > 0 && needsInstall) {
    const command = hasPackageLock ? "npm ci" : "npm install";
    steps.unshift({ name: "install", run: `${command} --no-audit --no-fund`, network: true });
  }
  return { kind: "steps", steps };
}

function detectOtherTests({ makefile, hasPytestIni, pyproject = "", hasPythonTests }: CheckoutFiles): Step[] {
  if (makefile !== undefined && hasMakeTarget(makefile, "test")) return [{ name: "test", run: "make test" }];
  const usesPytest = hasPytestIni || hasPythonTests || /^\s*\[tool\.pytest\b/m.test(pyproject);
  return usesPytest ? [{ name: "test", run: "python3 -m pytest" }] : [];
}

/** Whether a Makefile has a rule for a target; assignments (`test := x`) are not rules. */
function hasMakeTarget(makefile: string, target: string): boolean {
  return makefile.split("\n").some((line) => {
    const rule = /^([^\t#:=][^#:=]*)::?(?![:=])/.exec(line);
    return rule?.[1]?.split(/\s+/).includes(target) === true;
  });
}
