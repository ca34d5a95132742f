/** The OpenAPI document of the operator API, generated from the schemas that check its input. */
import { toJsonSchema } from "@valibot/to-json-schema";
import { VERSION } from "@webhook-gateway/shared/version.ts";
import type * as v from "valibot";
import type { Route } from "./route.ts";
import { ROUTES } from "./routes.ts";

/** OpenAPI 3.1, whose schemas are JSON Schema. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = { "/api/openapi.json": { get: ITSELF } };
  for (const route of ROUTES) {
    const path = `/api${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route) };
  }
  return {
    openapi: "3.1.0",
    info: { title: "Webhook Gateway operator API", version: VERSION },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    components: {
      securitySchemes: {
        bearer: {
          type: "http",
          scheme: "bearer",
          description: "OPERATOR_TOKEN, or READER_TOKEN for reading",
        },
      },
      responses: {
        Refused: {
          description: "The request was refused",
          content: { "application/json": { schema: ERROR } },
        },
      },
    },
    paths,
  };
}

const ERROR = {
  type: "object",
  required: ["success", "error", "request_id"],
  properties: {
    success: { const: false },
    error: {
      type: "object",
      required: ["code", "message"],
      properties: { code: { type: "string" }, message: { type: "string" } },
    },
    request_id: { type: "string" },
  },
};

const REFUSED = { default: { $ref: "#/components/responses/Refused" } };

const ITSELF = {
  operationId: "getOpenApi",
  summary: "This document",
  description: "READER_TOKEN is enough.",
  parameters: [],
  responses: {
    200: { description: "Done", content: { "application/json": { schema: { type: "object" } } } },
    ...REFUSED,
  },
};

function operationOf(route: Route): object {
  const answers = Object.entries(route.answers).map(([status, schema]) => [status, responseOf(schema)]);
  const body =
    route.body === undefined
      ? {}
      : { requestBody: { required: route.mayOmitBody !== true, ...jsonContent(route.body) } };
  return {
    operationId: operationId(route),
    summary: route.summary,
    description: route.role === "operator" ? "Needs OPERATOR_TOKEN." : "READER_TOKEN is enough.",
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...body,
    responses: { ...Object.fromEntries(answers), ...REFUSED },
  };
}

const operationId = ({ method, path }: Route): string =>
  `${method.toLowerCase()}${path.replaceAll(/[/{}-]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}`;

function responseOf(schema: v.GenericSchema | "text"): object {
  if (schema === "text") {
    return {
      description: "OpenMetrics text",
      content: { "application/openmetrics-text": { schema: { type: "string" } } },
    };
  }
  return { description: "Done", ...jsonContent(schema, "output") };
}

const jsonContent = (schema: v.GenericSchema, typeMode: "input" | "output" = "input"): object => ({
  content: { "application/json": { schema: jsonSchema(schema, typeMode) } },
});

/** Checks that JSON Schema cannot express are left out of the document; they still apply. */
function jsonSchema(schema: v.GenericSchema, typeMode: "input" | "output"): Record<string, unknown> {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode, errorMode: "ignore" });
  return rest;
}

const pathParameters = ({ path }: Route): object[] =>
  path.includes("{id}") ? [{ name: "id", in: "path", required: true, schema: { type: "string" } }] : [];

function queryParameters({ query }: Route): object[] {
  if (query === undefined) return [];
  const { properties = {}, required = [] } = jsonSchema(query, "input") as {
    properties?: Record<string, unknown>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, schema]) => ({
    name,
    in: "query",
    required: required.includes(name),
    schema,
  }));
}
