/** Reads `docs/grainchain-openapi.json`, and checks requests and answers against it. */
import { readFileSync } from "node:fs";
import { Ajv2020, type ValidateFunction } from "ajv/dist/2020.js";
import * as v from "valibot";

const objectSchema = v.record(v.string(), v.unknown());

export type JsonObject = v.InferOutput<typeof objectSchema>;

const parameterSchema = v.object({
  name: v.string(),
  in: v.picklist(["path", "query", "header"]),
  schema: objectSchema,
});

/** An operation of the API, or a callback. */
export interface Operation {
  readonly id: string;
  readonly method: string;
  /** As the document writes it: `/{id}/status`. */
  readonly path: string;
  readonly parameters: readonly v.InferOutput<typeof parameterSchema>[];
  readonly described: JsonObject;
}

/** A file of the repository. */
export const readRepositoryFile = (path: string): string =>
  readFileSync(new URL(`../../../${path}`, import.meta.url), "utf8");

/** The whole document. */
const DOCUMENT = v.parse(objectSchema, JSON.parse(readRepositoryFile("docs/grainchain-openapi.json")));

const METHODS = ["get", "put", "post", "delete", "patch"];

const isObject = (value: unknown): value is JsonObject => v.is(objectSchema, value);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** The object under a key; empty if there is none. */
const child = (object: JsonObject, key: string): JsonObject => {
  const value = object[key];
  return isObject(value) ? value : {};
};

/** The target of a reference. @throws if it is missing */
export function lookUp(ref: string): JsonObject {
  const keys = ref.replace(/^#\//, "").split("/");
  const found = keys.reduce<unknown>((at, key) => (isObject(at) ? at[key] : undefined), DOCUMENT);
  if (!ref.startsWith("#/") || !isObject(found)) throw new Error(`${ref} refers to nothing`);
  return found;
}

const resolve = (value: unknown): JsonObject => {
  if (!isObject(value)) throw new Error(`no object: ${JSON.stringify(value)}`);
  return typeof value.$ref === "string" ? lookUp(value.$ref) : value;
};

/** Every object of the document, with the path to it. */
function walk(visit: (object: JsonObject, path: readonly string[]) => void): void {
  const step = (value: unknown, path: readonly string[]): void => {
    if (isObject(value)) visit(value, path);
    if (typeof value !== "object" || value === null) return;
    for (const [key, entry] of Object.entries(value)) step(entry, [...path, key]);
  };
  step(DOCUMENT, []);
}

/** Everything that the document refers to, in order: by `$ref`, or as a security scheme. */
export function references(): string[] {
  const found = new Set<string>();
  walk(({ $ref, security }) => {
    if (typeof $ref === "string") found.add($ref);
    const names = listOf(security).flatMap((one) => (isObject(one) ? Object.keys(one) : []));
    for (const name of names) found.add(`#/components/securitySchemes/${name}`);
  });
  return [...found].toSorted();
}

/** A reference to each component, in order. */
export const components = (): string[] =>
  Object.entries(child(DOCUMENT, "components"))
    .flatMap(([kind, all]) => (isObject(all) ? Object.keys(all) : []).map((name) => [kind, name] as const))
    .map(([kind, name]) => `#/components/${kind}/${name}`)
    .toSorted();

/** The names of all operations, including callbacks. */
export function operationNames(): string[] {
  const names: string[] = [];
  walk((object, path) => {
    if (METHODS.includes(path.at(-1) ?? "")) names.push(String(object.operationId));
  });
  return names;
}

/** Every example with its schema. */
export function examples(): { where: string; schema: JsonObject; value: unknown }[] {
  const found: { where: string; schema: JsonObject; value: unknown }[] = [];
  walk((object, path) => {
    if (path.at(-2) === "properties" || !isObject(object.schema)) return;
    const { schema } = object;
    const add = (name: string, value: unknown) =>
      found.push({ where: [...path, name].join("/"), schema, value });
    for (const name of Object.keys(child(object, "examples"))) {
      add(name, child(child(object, "examples"), name).value);
    }
    if ("example" in object) add("example", object.example);
  });
  return found;
}

/** The operations of `paths`. */
export const OPERATIONS: readonly Operation[] = Object.entries(child(DOCUMENT, "paths")).flatMap(
  ([path, item]) => METHODS.flatMap((method) => readOperation(path, method, resolve(item))),
);

/** The callback to the capability URL. */
export const CALLBACK: Operation = only(
  readOperation("", "post", lookUp("#/components/pathItems/Callback")),
  "callback",
);

function readOperation(path: string, method: string, item: JsonObject): Operation[] {
  const described = child(item, method);
  if (described.operationId === undefined) return [];
  const all = [...listOf(item.parameters), ...listOf(described.parameters)];
  const parameters = all.map((one) => v.parse(parameterSchema, resolve(one)));
  return [{ id: String(described.operationId), method: method.toUpperCase(), path, parameters, described }];
}

export const operation = (id: string): Operation =>
  only(
    OPERATIONS.filter((one) => one.id === id),
    id,
  );

function only<T>(list: readonly T[], what: string): T {
  const [first, ...rest] = list;
  if (first === undefined || rest.length > 0)
    throw new Error(`expected once in the document, found ${list.length} times: ${what}`);
  return first;
}

const ajv = new Ajv2020({ allErrors: true, strictTypes: false });
// The root is not a schema: without this, its keys would count as misspelled.
ajv.addVocabulary(Object.keys(DOCUMENT));
ajv.addSchema(DOCUMENT, "open");
ajv.addSchema({ ...DOCUMENT, components: closed(child(DOCUMENT, "components")) }, "closed");

/** Allows no field that the document does not name, so that a new field is noticed. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, entry]) => [key, closed(entry)]);
  const isShape = value.type === "object" && isObject(value.properties);
  const open = isShape && value.additionalProperties === undefined;
  return { ...Object.fromEntries(entries), ...(open ? { unevaluatedProperties: false } : {}) };
}

/** The validator of a schema. `open` allows unknown fields, as a client has to. */
export function validator(schema: JsonObject, form: "open" | "closed" = "closed"): ValidateFunction {
  const { $ref } = schema;
  return ajv.compile(typeof $ref === "string" ? { $ref: `${form}${$ref}` } : schema);
}

/** What a schema does not allow in a value; empty if it is valid. */
export function problems(schema: JsonObject, value: unknown, form: "open" | "closed" = "closed"): string[] {
  const validate = validator(schema, form);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) => `${instancePath || "/"} ${message} ${JSON.stringify(params)}`,
  );
}

/** The JSON schema of the body of a request or an answer. */
function bodySchema(described: JsonObject): JsonObject {
  return child(child(child(described, "content"), "application/json"), "schema");
}

/** What an operation does not allow in a JSON request. */
export function requestProblems({ described }: Operation, body: unknown): string[] {
  return problems(bodySchema(resolve(described.requestBody)), body);
}

/** What an operation does not allow in the headers of a request. Those that it names are required. */
export function headerProblems({ parameters }: Operation, headers: Headers): string[] {
  return parameters
    .filter((one) => one.in === "header")
    .flatMap(({ name, schema }) =>
      problems(schema, headers.get(name)).map((problem) => `${name} ${problem}`),
    );
}

/** The description of an answer with this status, or with its range such as 4XX. */
function answer({ id, described }: Operation, status: number): JsonObject {
  const responses = child(described, "responses");
  const found = responses[status] ?? responses[`${Math.floor(status / 100)}XX`];
  if (found === undefined) throw new Error(`${id} is not described to answer ${status}`);
  return resolve(found);
}

/** Whether the document names exactly this status, and not only its range. */
export const namesStatus = ({ described }: Operation, status: number): boolean =>
  child(described, "responses")[status] !== undefined;

/** What an operation does not allow in an answer. */
export const answerProblems = (one: Operation, status: number, body: unknown): string[] =>
  problems(bodySchema(answer(one, status)), body);

/** The operation of a request. */
export function findOperation(method: string, path: string): Operation | undefined {
  return OPERATIONS.filter((one) => one.method === method).find((one) => matches(one.path, path));
}

/** Whether a path matches a path of the document. */
function matches(template: string, path: string): boolean {
  const [wanted, given] = [template.split("/"), path.split("/")];
  const fits = (part: string, index: number) => part.startsWith("{") || part === given[index];
  return wanted.length === given.length && wanted.every(fits);
}

/** The methods that the document names for a path, as an `Allow` header lists them. */
export function allowed(path: string): string {
  const methods = OPERATIONS.filter((one) => one.path === path).map(({ method }) => method);
  return methods.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])).join(", ");
}
