import * as v from "valibot";
import type { Step, StepPlan } from "./steps-file.ts";

/** What detection looks at in a checkout. */
export type CheckoutFiles = {
  packageJson?: string | undefined;
  hasPackageLock: boolean;
  makefile?: string | undefined;
  hasPytestIni: boolean;
  pyproject?: string | undefined;
  /** Some file `test_*.py` lies under `tests`. */
  hasPythonTests: boolean;
};

/** What `npm init` writes where there are no tests; it always fails. */
const NPM_PLACEHOLDER = /no test specified/;

const PackageSchema = v.object({
  scripts: v.optional(v.record(v.string(), v.unknown()), {}),
  dependencies: v.optional(v.record(v.string(), v.unknown()), {}),
  devDependencies: v.optional(v.record(v.string(), v.unknown()), {}),
});

/**
 * Finds out what to run in a commit without a steps file: npm's `lint` and `test`, else `make test`,
 * else pytest. Only one of them becomes the step `test`, since a Makefile mostly wraps the others.
 */
export function detectSteps(files: CheckoutFiles): StepPlan {
  const npm = detectNpmSteps(files);
  if (npm.kind === "invalid") return npm;
  const steps = [...npm.steps];
  if (!steps.some((step) => step.name === "test")) steps.push(...detectOtherTests(files));
  return { kind: "steps", steps };
}

function detectNpmSteps(files: CheckoutFiles): StepPlan {
  if (files.packageJson === undefined) return { kind: "steps", steps: [] };
  const data = parseJson(files.packageJson);
  if (data === undefined) return { kind: "invalid", message: "package.json: not valid JSON" };
  // A list passes for an object with no entries otherwise.
  const parsed = v.safeParse(PackageSchema, Array.isArray(data) ? undefined : data);
  if (!parsed.success) {
    return {
      kind: "invalid",
      message: `package.json: ${v.getDotPath(parsed.issues[0]) ?? "it"} must be an object`,
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
    const command = files.hasPackageLock ? "npm ci" : "npm install";
    steps.unshift({ name: "install", run: `${command} --no-audit --no-fund` });
  }
  return { kind: "steps", steps };
}

function detectOtherTests(files: CheckoutFiles): Step[] {
  if (files.makefile !== undefined && hasMakeTarget(files.makefile, "test")) {
    return [{ name: "test", run: "make test" }];
  }
  const usesPytest = files.hasPytestIni || /^\s*\[tool\.pytest\b/m.test(files.pyproject ?? "");
  return usesPytest || files.hasPythonTests ? [{ name: "test", run: "python3 -m pytest" }] : [];
}

/** Tells whether a Makefile has a rule for a target; assignments (`test := x`) are no rules. */
function hasMakeTarget(makefile: string, target: string): boolean {
  return makefile.split("\n").some((line) => {
    const rule = /^([^\t#:=][^#:=]*)::?(?![:=])/.exec(line);
    return rule?.[1]?.split(/\s+/).includes(target) === true;
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
