import { describe, expect, test } from "vitest";
import { ROUTES } from "../../src/operator-api/routes.ts";
import { startApi } from "./support/api.ts";
import { DOCUMENT, type Operation, resolve } from "./support/document.ts";

const OPERATIONS = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
);

/** Every object within a value, itself included. */
function* objectsIn(value: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield { ...value };
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

/** Every schema of the document, those within others included. */
function* schemasIn(schema: unknown): Generator<Readonly<Record<string, unknown>>> {
  if (typeof schema !== "object" || schema === null || Array.isArray(schema)) return;
  const { properties, items, additionalProperties, anyOf, propertyNames } = { ...schema } as Record<
    string,
    unknown
  >;
  yield { ...schema };
  const inner = [Object.values(Object(properties)), Array.isArray(anyOf) ? anyOf : []].flat();
  for (const one of [...inner, items, additionalProperties, propertyNames]) yield* schemasIn(one);
}

const contentsOf = ({ operation }: { readonly operation: Operation }): unknown[] =>
  [operation.requestBody, ...Object.values(operation.responses)].flatMap((part) =>
    Object.values(Object(Object(part).content)).map((content) => Object(content).schema),
  );

/** Those of JSON Schema 2020-12 that hold a value to something. */
const KEYWORDS = [
  ["type", "enum", "const", "properties", "required", "additionalProperties", "propertyNames", "items"],
  ["anyOf", "pattern", "format", "minLength", "maxLength", "minItems", "maxItems", "minimum", "maximum"],
  ["default", "description"],
].flat();

describe("the OpenAPI document", () => {
  test("is served as it is, to readers too", async () => {
    expect(
      await startApi().get("/api/openapi.json", { token: "unit-reader-token-beef-00000000000" }),
    ).toEqual(DOCUMENT);
  });

  test("is one of OpenAPI 3.1", () => {
    expect(DOCUMENT).toMatchObject({
      openapi: expect.stringMatching(/^3\.1\.\d+$/),
      info: { title: expect.any(String), version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      security: [{ bearer: [] }],
      components: { securitySchemes: { bearer: { type: "http", scheme: "bearer" } } },
    });
  });

  test("has every route, and no other", () => {
    const routes = ROUTES.map(({ method, path }) => `${method} /api${path}`);
    const described = OPERATIONS.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    expect(described.toSorted()).toEqual([...routes, "GET /api/openapi.json"].toSorted());
  });

  test("names every operation once", () => {
    const ids = OPERATIONS.map(({ operation }) => operation.operationId);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z]+$/.test(id))).toEqual([]);
  });

  test("refers only to what is there", () => {
    const references = [...objectsIn(DOCUMENT)].flatMap(({ $ref }) =>
      typeof $ref === "string" ? [$ref] : [],
    );
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) expect(resolve(reference), reference).toBeTypeOf("object");
  });

  test.each(OPERATIONS)("says what $method $path takes and answers", ({ path, operation }) => {
    const templated = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
    const parameters = operation.parameters.filter((one) => one.in === "path").map(({ name }) => name);
    expect(parameters).toEqual(templated);
    const names = operation.parameters.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { schema } of operation.parameters) expect([...schemasIn(schema)].length).toBeGreaterThan(0);
    expect(Object.keys(operation.responses)).toContain("default");
    expect(Object.keys(operation.responses).filter((status) => /^2\d\d$/.test(status))).not.toEqual([]);
    for (const response of Object.values(operation.responses)) {
      if (!("$ref" in Object(response))) expect(response).toHaveProperty("description");
    }
  });

  test("uses words of JSON Schema only, and says a type of every field", () => {
    const schemas = OPERATIONS.flatMap(contentsOf).flatMap((schema) => [...schemasIn(schema)]);
    expect(schemas.length).toBeGreaterThan(200);
    for (const schema of schemas) {
      expect(Object.keys(schema).filter((word) => !KEYWORDS.includes(word))).toEqual([]);
      const required = Array.isArray(schema.required) ? schema.required : [];
      expect(required.filter((name) => !(name in Object(schema.properties)))).toEqual([]);
    }
  });

  test("lets every list be paged but those that are short", () => {
    const lists = OPERATIONS.filter(
      ({ path, operation }) =>
        JSON.stringify(operation.responses).includes("next_cursor") &&
        !["/api/pauses", "/api/flakes"].includes(path),
    );
    expect(lists).toHaveLength(7);
    for (const { operation } of lists) {
      expect(operation.parameters.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["limit", "cursor"]),
      );
    }
  });
});
