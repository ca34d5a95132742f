/** Values that GitHub's description allows, with nothing of interest in them: what the double has no use for. */
import * as v from "valibot";
import { type JsonSchema, type Operation, selfContained } from "./openapi.ts";

const schemas = v.array(v.record(v.string(), v.unknown()));
const object = v.record(v.string(), v.unknown());
const names = v.optional(v.array(v.string()), []);

/**
 * A value for a part of an answer with 200.
 * @param path to the part: `["repositories", "items"]`
 */
export function sampleOf(
  operation: Operation,
  ...path: readonly string[]
): Readonly<Record<string, unknown>> {
  const key = `${operation.id} ${path.join(" ")}`;
  const known = samples.get(key);
  if (known !== undefined) return known;
  const whole = selfContained(operation.answer(200)?.schema ?? {}, false);
  const resolved = (schema: JsonSchema) => resolve(schema, whole);
  const part = path.reduce((schema, name) => {
    const { properties = {}, ...rest } = resolved(schema);
    return v.parse(object, { ...rest, ...v.parse(object, properties) }[name]);
  }, whole);
  const sample = v.parse(object, sampled(part, whole));
  samples.set(key, sample);
  return sample;
}

const samples = new Map<string, Readonly<Record<string, unknown>>>();

function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== "string") return schema;
  const defs = v.parse(object, root.$defs);
  return resolve(v.parse(object, defs[schema.$ref.replace(/^.*\//, "")]), root);
}

/** Only what is required; null if it may be. */
function sampled(given: JsonSchema, root: JsonSchema): unknown {
  const schema = resolve(given, root);
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) {
    const choices = v.parse(schemas, either);
    return choices.some(({ type }) => type === "null") ? null : sampled(choices[0] ?? {}, root);
  }
  if (schema.allOf !== undefined) {
    return Object.assign({}, ...v.parse(schemas, schema.allOf).map((one) => sampled(one, root)));
  }
  return ofType(schema, root);
}

function ofType(schema: JsonSchema, root: JsonSchema): unknown {
  const { type, format, minimum, properties = {} } = schema;
  if (Array.isArray(type) ? type.includes("null") : type === "null") return null;
  switch (Array.isArray(type) ? type[0] : type) {
    case "string":
      if (format === "date-time") return "2024-01-01T00:00:00Z";
      return format === "uri" ? "https://github.example/" : "";
    case "integer":
    case "number":
      return typeof minimum === "number" ? minimum : 0;
    case "boolean":
      return false;
    case "array":
      return [];
    default: {
      const fields = v.parse(object, properties);
      const required = v.parse(names, schema.required);
      return Object.fromEntries(required.map((name) => [name, sampled(v.parse(object, fields[name]), root)]));
    }
  }
}
