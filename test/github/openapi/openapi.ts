/** GitHub's OpenAPI description: its operations, with their requests and answers. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import * as v from "valibot";

const jsonSchema = v.record(v.string(), v.unknown());

export type JsonSchema = v.InferOutput<typeof jsonSchema>;

const media = v.record(v.string(), v.object({ schema: v.exactOptional(jsonSchema) }));

const parameter = v.object({
  name: v.string(),
  in: v.string(),
  required: v.optional(v.boolean(), false),
  schema: jsonSchema,
});

const operation = v.object({
  operationId: v.string(),
  externalDocs: v.optional(v.object({ url: v.string() }), { url: "https://docs.github.com/rest" }),
  parameters: v.optional(v.array(jsonSchema), []),
  requestBody: v.exactOptional(v.object({ required: v.optional(v.boolean(), false), content: media })),
  responses: v.record(v.string(), jsonSchema),
});

/** An operation of the description. */
export interface Operation {
  readonly id: string;
  readonly documentationUrl: string;
  readonly parameters: readonly v.InferOutput<typeof parameter>[];
  readonly body: { readonly required: boolean; readonly schema: JsonSchema } | undefined;
  /** The description of the answer with this status. */
  answer(status: number): { readonly schema: JsonSchema | undefined } | undefined;
}

const description = v.object({
  paths: v.record(v.string(), jsonSchema),
  components: v.record(v.string(), v.record(v.string(), v.unknown())),
});

interface Path {
  readonly pattern: RegExp;
  readonly names: readonly string[];
  readonly literal: number;
  readonly methods: JsonSchema;
}

/** 13 MB: read once per process, and then parsed only where needed. */
const read = lazily(() => {
  const file = createRequire(import.meta.url).resolve("@octokit/openapi/generated/api.github.com.json");
  const { paths, components } = v.parse(description, JSON.parse(readFileSync(file, "utf8")));
  const patterns = Object.entries(paths).map(([template, methods]) => pathOf(template, methods));
  // The most specific path applies: `…/commits/{ref}/check-runs` and not `…/commits/{ref}`.
  patterns.sort((a, b) => b.literal - a.literal);
  return { patterns, components };
});

const operations = new Map<string, Operation>();

/** Finds the operation of a request, with the parameters of its path. */
export function findOperation(
  method: string,
  path: string,
): { readonly operation: Operation; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const { pattern, names, methods } of read().patterns) {
    const matched = pattern.exec(path);
    const described = methods[method.toLowerCase()];
    if (matched === null || described === undefined) continue;
    const params = Object.fromEntries(names.map((name, i) => [name, decoded(matched[i + 1] ?? "")]));
    return { operation: operationOf(described), params };
  }
  return undefined;
}

/** A schema of the components: `basic-error`. */
export function componentSchema(name: string): JsonSchema {
  return resolve({ $ref: `#/components/schemas/${name}` });
}

/** Decodes a segment. Invalid escapes stay unchanged. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function operationOf(described: unknown): Operation {
  const { operationId, externalDocs, parameters, requestBody, responses } = v.parse(operation, described);
  const known = operations.get(operationId);
  if (known !== undefined) return known;
  const schema = requestBody?.content["application/json"]?.schema;
  const made: Operation = {
    id: operationId,
    documentationUrl: externalDocs.url,
    parameters: parameters.map((one) => v.parse(parameter, resolve(one))),
    body: schema && { required: requestBody?.required === true, schema },
    answer(status) {
      const response = responses[status];
      if (response === undefined) return undefined;
      const { content } = v.parse(v.object({ content: v.exactOptional(media) }), resolve(response));
      return { schema: content?.["application/json"]?.schema };
    },
  };
  operations.set(operationId, made);
  return made;
}

/** The few parameters that can have several segments: `heads/main` is one `{ref}`. */
const MULTI_SEGMENT = new Set(["ref", "sha", "path"]);

function pathOf(template: string, methods: JsonSchema): Path {
  const names: string[] = [];
  const source = template.replace(/\{([\w-]+)\}|[.*+?^$()|[\]\\]/g, (found, name: string | undefined) => {
    if (name === undefined) return `\\${found}`;
    names.push(name);
    return MULTI_SEGMENT.has(name) ? "(.+)" : "([^/]+)";
  });
  const literal = template.replace(/\{[\w-]+\}/g, "").length;
  return { pattern: new RegExp(`^${source}$`), names, literal, methods };
}

function resolve(schema: JsonSchema): JsonSchema {
  const { $ref } = schema;
  if (typeof $ref !== "string") return schema;
  const [, kind = "", name = ""] = /^#\/components\/(\w+)\/(.+)$/.exec($ref) ?? [];
  return v.parse(jsonSchema, read().components[kind]?.[name], { message: `${$ref} is not described` });
}

/**
 * A schema with everything that it refers to, as JSON Schema.
 * @param closed whether unknown properties are forbidden: a misspelled property of a request would otherwise pass
 */
export function selfContained(schema: JsonSchema, closed: boolean): JsonSchema {
  const $defs: Record<string, unknown> = {};
  const rewriteAll = (schemas: unknown, inParts: boolean): unknown =>
    Array.isArray(schemas) ? schemas.map((one) => rewrite(one, inParts)) : schemas;
  const rewrite = (one: unknown, inPart: boolean): unknown => {
    if (!v.is(jsonSchema, one)) return one;
    if (typeof one.$ref === "string") {
      const name = one.$ref.replace(/^.*\//, "");
      if (!(name in $defs)) {
        $defs[name] = {};
        $defs[name] = rewrite(resolve(one), false);
      }
      return { $ref: `#/$defs/${name}` };
    }
    // These keywords constrain nothing, and some are not JSON Schema.
    const { nullable, example: _, examples: __, description: ___, title: ____, ...kept } = one;
    const rewritten: JsonSchema = { ...kept };
    for (const keyword of ["items", "additionalProperties", "not"])
      if (keyword in kept) rewritten[keyword] = rewrite(kept[keyword], false);
    for (const keyword of ["anyOf", "oneOf", "allOf"])
      if (keyword in kept) rewritten[keyword] = rewriteAll(kept[keyword], true);
    if (v.is(jsonSchema, kept.properties)) {
      const entries = Object.entries(kept.properties).map(([name, value]) => [name, rewrite(value, false)]);
      rewritten.properties = Object.fromEntries(entries);
      // Part of a combined schema names only some of the properties.
      if (closed && !inPart) rewritten.additionalProperties ??= false;
    }
    // A keyword of OpenAPI 3.0: an `enum` beside it does not include null, and there may be no `type`.
    return nullable === true ? { anyOf: [rewritten, { type: "null" }] } : rewritten;
  };
  const root = rewrite(schema, false);
  return { ...v.parse(jsonSchema, root), $defs };
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
