import { once } from "node:events";
import { createServer } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../test/system/ports.ts";
import { portProblem, requireFreePort } from "../../local/ports.ts";

test.each([
  [undefined, undefined],
  ["EADDRNOTAVAIL", undefined],
  ["EAFNOSUPPORT", undefined],
  ["EADDRINUSE", "port 80 is taken; set PORT to another one"],
  ["EACCES", "port 80 cannot be used (EACCES); set PORT to another one"],
  ["EMFILE", "port 80 cannot be used (EMFILE); set PORT to another one"],
])("tells what %s means for a port", (code, problem) => {
  expect(portProblem(80, "PORT", code)).toBe(problem);
});

test("refuses ports that browsers and fetch never connect to", async () => {
  await expect(requireFreePort(10080, "PORT")).rejects.toThrow(
    "browsers refuse port 10080; set PORT to another one",
  );
});

test("accepts a free port, and refuses one that is in use", async () => {
  const port = await freePort();
  await expect(requireFreePort(port, "PORT")).resolves.toBeUndefined();

  const server = createServer().listen(port, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());

  await expect(requireFreePort(port, "PORT")).rejects.toThrow(
    `port ${port} is taken; set PORT to another one`,
  );
});
