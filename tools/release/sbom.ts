/**
 * `npm run sbom`: the software bill of materials of both Workers with every package in them, as CycloneDX JSON. It is
 * pnpm's list, without what depends on the machine that makes it.
 */
import { execFile } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { promisify } from "node:util";
import { childEnvironment } from "@webhook-gateway/shared/process/child-environment.mjs";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import * as v from "valibot";

const OWN = "@webhook-gateway";
const FILE = path.join(ROOT, "dist/sbom.cdx.json");

const COMMAND = [
  ...["sbom", "--sbom-format", "cyclonedx", "--sbom-spec-version", "1.6", "--sbom-type", "application"],
  ...["--prod", "--filter", "@webhook-gateway/producer", "--filter", "@webhook-gateway/consumer"],
];

const reference = v.looseObject({ type: v.string(), hashes: v.optional(v.array(v.unknown())) });
const component = v.looseObject({
  name: v.string(),
  version: v.string(),
  externalReferences: v.optional(v.array(reference), []),
});
const sbom = v.looseObject({
  metadata: v.looseObject({ component: v.looseObject({ version: v.string() }) }),
  components: v.array(component),
});
export type Sbom = v.InferOutput<typeof sbom>;

/** @throws Error if pnpm fails */
export async function makeSbom(): Promise<Sbom> {
  const options = { cwd: ROOT, env: childEnvironment(process.env), maxBuffer: 2 ** 24 };
  const { stdout } = await promisify(execFile)("pnpm", COMMAND, options);
  const made = v.parse(sbom, JSON.parse(stdout));
  return withOneVersion({ ...made, components: made.components.map(withoutRegistry) });
}

/** The workspace's own packages have the version of the whole, and none in their package.json. */
function withOneVersion(made: Sbom): Sbom {
  const { version } = made.metadata.component;
  const components = made.components.map((one) => (one.group === OWN ? { ...one, version } : one));
  const text = JSON.stringify({ ...made, components });
  return v.parse(sbom, JSON.parse(text.replaceAll(/(%40webhook-gateway\/\w+@)0\.0\.0/g, `$1${version}`)));
}

/** The address of a download depends on the registry of this machine. The hash that is listed with it does not. */
function withoutRegistry({ externalReferences, ...rest }: v.InferOutput<typeof component>) {
  const [distribution] = externalReferences.filter(({ type }) => type === "distribution");
  return {
    ...rest,
    ...(distribution?.hashes && { hashes: distribution.hashes }),
    externalReferences: externalReferences.filter(({ type }) => type !== "distribution"),
  };
}

if (import.meta.main) {
  mkdirSync(path.dirname(FILE), { recursive: true });
  const made = await makeSbom();
  writeFileSync(FILE, `${JSON.stringify(made, undefined, 2)}\n`);
  console.log(`${path.relative(ROOT, FILE)}: ${made.components.length} components`);
}
