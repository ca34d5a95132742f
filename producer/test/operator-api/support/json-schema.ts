/**
 * Checks a value against a JSON schema, as far as the operator API's document uses the language. Stricter than the
 * language in one point: a property that the schema does not name is a problem, for nobody would know of it. (Ajv
 * makes code, which a Worker may not.)
 */

type Schema = Readonly<Record<string, unknown>>;

/** What every keyword means. One that is not here is a problem of the document. */
const KEYWORDS: Readonly<Record<string, (rule: unknown, value: unknown, schema: Schema) => string[]>> = {
  type: (rule, value) => (typeOf(value, rule) ? [] : [`is no ${String(rule)}`]),
  const: (rule, value) => (value === rule ? [] : [`is not ${JSON.stringify(rule)}`]),
  enum: (rule, value) => (listOf(rule).includes(value) ? [] : [`is none of ${JSON.stringify(rule)}`]),
  format: (rule, value) =>
    rule === "date-time" && !(typeof value === "string" && /^\d{4}-\d\d-\d\dT.*Z$/.test(value))
      ? ["is not a time"]
      : [],
  pattern: (rule, value) => (new RegExp(String(rule)).test(String(value)) ? [] : ["has another form"]),
  minLength: (rule, value) => (String(value).length >= Number(rule) ? [] : ["is too short"]),
  maxLength: (rule, value) => (String(value).length <= Number(rule) ? [] : ["is too long"]),
  minimum: (rule, value) => (Number(value) >= Number(rule) ? [] : ["is too small"]),
  maximum: (rule, value) => (Number(value) <= Number(rule) ? [] : ["is too large"]),
  minItems: (rule, value) => (listOf(value).length >= Number(rule) ? [] : ["has too few items"]),
  maxItems: (rule, value) => (listOf(value).length <= Number(rule) ? [] : ["has too many items"]),
  items: (rule, value) => listOf(value).flatMap((item, index) => named(`[${index}]`, problemsOf(rule, item))),
  anyOf: (rule, value) =>
    listOf(rule).some((one) => problemsOf(one, value).length === 0)
      ? []
      : [
          `is none of its forms: ${listOf(rule)
            .flatMap((one) => problemsOf(one, value))
            .join("; ")}`,
        ],
  required: (rule, value) =>
    listOf(rule).flatMap((name) => (Object.hasOwn(Object(value), String(name)) ? [] : [`lacks ${name}`])),
  properties: (rule, value, { additionalProperties }) =>
    Object.entries(Object(value)).flatMap(([name, property]) => {
      const own: unknown = Object.hasOwn(Object(rule), name) ? Object(rule)[name] : additionalProperties;
      return own === undefined || own === false
        ? [`has ${name}, which is not described`]
        : named(name, problemsOf(own, property));
    }),
  propertyNames: (rule, value) =>
    Object.keys(Object(value)).flatMap((name) => named(name, problemsOf(rule, name))),
  additionalProperties: (rule, value, { properties }) =>
    properties === undefined && typeof rule === "object"
      ? Object.entries(Object(value)).flatMap(([name, property]) => named(name, problemsOf(rule, property)))
      : [],
  description: () => [],
  default: () => [],
};

/** What is wrong with a value; nothing where it is as the schema says. */
export function problemsOf(schema: unknown, value: unknown): string[] {
  if (typeof schema !== "object" || schema === null) return [`has no schema: ${JSON.stringify(schema)}`];
  return Object.entries(schema).flatMap(
    ([keyword, rule]) =>
      KEYWORDS[keyword]?.(rule, value, { ...schema }) ?? [`is described with an unknown word: ${keyword}`],
  );
}

const named = (name: string, problems: readonly string[]): string[] =>
  problems.map((problem) => `${name} ${problem}`);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function typeOf(value: unknown, type: unknown): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}
