/** Checks requests and answers against GitHub's OpenAPI description. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { complaints } from "./complaints.ts";
import { componentSchema, type JsonSchema, type Operation, selfContained } from "./openapi.ts";

/** The parts of a request. */
export interface RequestParts {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  /** `undefined`: there is none. */
  readonly body: unknown;
}

/** What is wrong with a request: for the test, and in GitHub's words. */
export interface Problems {
  readonly violations: readonly string[];
  readonly complaints: readonly string[];
}

const options = {
  strict: false,
  validateSchema: false,
  allErrors: true,
  verbose: true,
  logger: false,
} as const;
/** Parameters are text: numbers in them are converted. */
const ofParameters = addFormats(new Ajv({ ...options, coerceTypes: true }));
const ofJson = addFormats(new Ajv(options));

const compiled = new Map<string, ValidateFunction>();

/** Lists what the description does not allow in a request. */
export function requestProblems(operation: Operation, request: RequestParts): Problems {
  const errors: [place: string, ErrorObject][] = [];
  const collect = (place: string, validate: ValidateFunction, value: unknown): void => {
    if (!validate(value))
      errors.push(...(validate.errors ?? []).map((one) => [place, one] as [string, ErrorObject]));
  };
  for (const [place, values] of [
    ["path", request.params],
    ["query", request.query],
  ] as const) {
    const validate = once(`${place} of ${operation.id}`, ofParameters, () => parameters(operation, place));
    collect(place, validate, { ...values });
  }
  const { body } = operation;
  const missing = body?.required === true && request.body === undefined;
  if (body !== undefined && request.body !== undefined)
    collect(
      "body",
      once(`body of ${operation.id}`, ofJson, () => selfContained(body.schema, true)),
      request.body,
    );
  return {
    violations: [
      ...errors.map(([place, one]) => `${place}${explained(one)}`),
      ...perPage(request.query),
      ...(missing ? ["body is missing"] : []),
    ],
    complaints: [
      ...complaints(errors.map(([, one]) => one)),
      ...(missing ? ["Body should be a JSON object"] : []),
    ],
  };
}

/** @throws if the description does not allow the answer: then the double is wrong */
export function assertAnswer(operation: Operation, status: number, body: unknown): void {
  const described = operation.answer(status);
  if (described !== undefined && described.schema === undefined) {
    if (body === undefined) return;
    throw new Error(`${operation.id}: an answer with ${status} has no body`);
  }
  const schema = described?.schema ?? undescribed(status);
  if (schema === undefined) throw new Error(`${operation.id}: never answers with ${status}`);
  const validate = once(`${status} of ${operation.id}`, ofJson, () => selfContained(schema, false));
  if (validate(body)) return;
  const why = (validate.errors ?? []).map(explained).join("; ");
  throw new Error(`${operation.id}: an answer with ${status} is not what GitHub describes:${why}`);
}

/** The refusals that every operation has, and that the description mostly leaves out. */
function undescribed(status: number): JsonSchema | undefined {
  if (status === 422) return componentSchema("validation-error");
  return [400, 401, 403, 404, 429].includes(status) ? componentSchema("basic-error") : undefined;
}

function parameters(operation: Operation, place: "path" | "query"): JsonSchema {
  const these = operation.parameters.filter((one) => one.in === place);
  const properties = Object.fromEntries(these.map((one) => [one.name, one.schema]));
  const required = these.filter((one) => one.required).map((one) => one.name);
  return selfContained({ type: "object", properties, required }, true);
}

/** "max 100" is only in the text of the description. */
function perPage(query: Readonly<Record<string, string>>): string[] {
  const asked = Number(query.per_page ?? 1);
  return asked < 1 || asked > 100 ? ["query/per_page is not from 1 to 100"] : [];
}

function explained({ instancePath, message = "", params, keyword }: ErrorObject): string {
  const detail = {
    additionalProperties: ` '${params.additionalProperty}'`,
    enum: ` ${JSON.stringify(params.allowedValues)}`,
  }[keyword];
  return `${instancePath} ${message}${detail ?? ""}`;
}

function once(name: string, ajv: Ajv, schema: () => JsonSchema): ValidateFunction {
  const known = compiled.get(name);
  if (known !== undefined) return known;
  const made = ajv.compile(schema());
  compiled.set(name, made);
  return made;
}
