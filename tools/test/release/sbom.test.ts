import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { makeSbom } from "../../release/sbom.ts";
import { lockedPackages } from "../support/locked-packages.ts";

const SCHEMAS = path.join(ROOT, "node_modules/@cyclonedx/cyclonedx-library/res/schema");

const sbom = await makeSbom();

/** CycloneDX's own schema. */
function cycloneDx() {
  const ajv = new Ajv({ strict: false });
  addFormats.default(ajv);
  // Only ever stricter than what the addresses in question are.
  ajv.addFormat("iri-reference", true).addFormat("idn-email", true);
  const read = (file: string) => JSON.parse(readFileSync(path.join(SCHEMAS, file), "utf8"));
  for (const name of ["spdx", "jsf-0.82", "cryptography-defs"]) {
    const file = `${name}.SNAPSHOT.schema.json`;
    ajv.addSchema({ ...read(file), $id: `http://cyclonedx.org/schema/${file}` });
  }
  return ajv.compile(read("bom-1.6.SNAPSHOT.schema.json"));
}

test("the bill of materials is valid CycloneDX", () => {
  const validate = cycloneDx();
  validate(sbom);
  expect(validate.errors).toBeNull();
  expect(validate({ ...sbom, components: [{ name: "no type" }] })).toBe(false);
});

test("it names every package of both Workers, with its hash and license, and no other", () => {
  const named = sbom.components.map(({ group, name, version }) =>
    [group, `${name}@${version}`].filter((part) => part !== undefined).join("/"),
  );
  const locked = lockedPackages(["producer", "consumer", "shared"]).map((key) => key.replace(/\(.*$/, ""));

  expect(named.toSorted()).toEqual([...locked, `@webhook-gateway/shared@${version()}`].toSorted());
  expect(named).toContain("valibot@1.5.0");
  for (const { name, hashes, licenses } of sbom.components) {
    if (name !== "shared") expect({ name, hashes, licenses }).toEqual({ name, ...HASHED_AND_LICENSED });
  }
});

const HASHED_AND_LICENSED = {
  hashes: [{ alg: "SHA-512", content: expect.stringMatching(/^[0-9a-f]{128}$/) }],
  licenses: [{ license: { id: expect.stringMatching(/^(?:MIT|ISC|0BSD)$/) } }],
};

const version = (): string => JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8")).version;

test("it names its subject, and nothing of the machine that made it", () => {
  expect(sbom.metadata.component).toMatchObject({ name: "webhook-gateway", version: version() });

  const text = JSON.stringify(sbom);
  expect(text).not.toMatch(/registry|npmjs|\.tgz/);
  expect(text).not.toContain(ROOT);
  expect(text).not.toContain(homedir() === "/" ? ROOT : `${homedir()}/`);
});
