/** Before each file: the schema, and nothing in it. Files share a workerd and with it a database. */
import { beforeAll } from "vitest";
import { empty, migrate } from "./support/database.ts";

beforeAll(async () => {
  await migrate();
  await empty();
});
