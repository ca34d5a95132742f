/** The OpenAPI document, and answers held against it. */
import { expect } from "vitest";
import { openApiDocument } from "../../../src/operator-api/openapi.ts";
import { problemsOf } from "./json-schema.ts";

export interface Operation {
  readonly operationId: string;
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: unknown }[];
  readonly requestBody?: unknown;
  readonly responses: Readonly<Record<string, unknown>>;
}

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

/** As it is served: through JSON. */
export const DOCUMENT: Document = JSON.parse(JSON.stringify(openApiDocument()));

/** What a local reference points to. */
export function resolve(pointer: string): unknown {
  const [root, ...names] = pointer.split("/");
  if (root !== "#") return undefined;
  return names.reduce<unknown>((at, name) => Object(at)[name], DOCUMENT);
}

/** Checks an answer against what the document says of its path, method and status. */
export async function expectDocumented(method: string, path: string, response: Response): Promise<void> {
  const [type = ""] = (response.headers.get("content-type") ?? "").split(";");
  const content = contentOf(method, path, response.status);
  const body: unknown = type === "application/json" ? await response.json() : await response.text();
  const schema: unknown = Object(Object(content)[type]).schema;
  expect(problemsOf(schema, body), `${method} ${path} → ${response.status} ${type}`).toEqual([]);
}

function contentOf(method: string, path: string, status: number): unknown {
  const template = Object.keys(DOCUMENT.paths).find((one) => matches(one, path));
  const operation = template === undefined ? undefined : DOCUMENT.paths[template]?.[method.toLowerCase()];
  const said: unknown = operation?.responses[status] ?? operation?.responses.default ?? REFUSED;
  const ref: unknown = Object(said).$ref;
  return Object(typeof ref === "string" ? resolve(ref) : said).content;
}

/** A path that the document does not have is refused too. */
const REFUSED = { $ref: "#/components/responses/Refused" };

/** A fixed path before one with a parameter. */
function matches(template: string, path: string): boolean {
  const pattern = template.replaceAll(/\{\w+\}/g, "(?!discard$)[^/]+");
  return new RegExp(`^${pattern}$`).test(path);
}
