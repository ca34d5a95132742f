import { symlinkSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import {
  folder,
  holding,
  type MakeFile,
  unlessRoot,
  unreadable,
  utf16,
} from "../../../test/support/files.ts";
import { openProject } from "../support/fake-wrangler-project.ts";
import { startIngress } from "../support/ingress.ts";

const SECRET = "webhook secret";
const MIB = 1024 * 1024;

type Row = [what: string, make: MakeFile | undefined, problem: string, name?: string];
const row = (...given: Row): Row => given;

describe("--payload", () => {
  async function send(make: MakeFile | undefined, name = "payload.json") {
    const project = await openProject();
    const { url, received } = await startIngress();
    make?.(path.join(project.dir, name));
    const args = ["--url", url, "send", "pull_request.opened", "--payload", name];
    return { ran: await project.run(args, { GITHUB_WEBHOOK_SECRET: SECRET }), received };
  }

  test.each<Row>([
    ["an empty file", holding(""), "payload.json is empty"],
    ["blank lines", holding("\n \r\n"), "payload.json is empty"],
    ["a byte order mark alone", holding("\ufeff"), "payload.json is empty"],
    ["a folder", folder, "payload.json is a folder"],
    ["nothing", undefined, "payload.json does not exist"],
    ["a link to nothing", (file) => symlinkSync("nowhere", file), "payload.json does not exist"],
    ["a path through a file", undefined, "account.json/x cannot be read (ENOTDIR)", "account.json/x"],
    ["standard input", undefined, "use /dev/stdin for standard input, not -", "-"],
    ["text that is not JSON", holding("MARKER"), "payload.json is not JSON"],
    ["JSON that is cut off", holding('{"action":"MARKER'), "payload.json is not JSON"],
    ["a list", holding('["MARKER"]'), "payload.json is not a JSON object"],
    ["a text", holding('"MARKER"'), "payload.json is not a JSON object"],
    ["null", holding("null"), "payload.json is not a JSON object"],
    ["Latin-1", holding(Buffer.from('{"a":"\xe9"}', "latin1")), "payload.json is not UTF-8"],
    ["UTF-16", holding(utf16("{}")), "payload.json is not UTF-8"],
    [
      "more than GitHub sends",
      holding(`{"a":"${"x".repeat(30 * MIB)}"}`),
      "payload.json is larger than 25 MiB, the most that GitHub sends",
    ],
    ...unlessRoot([row("a file of somebody else's", unreadable, "payload.json cannot be read (EACCES)")]),
  ])("that is %s", async (_, make, problem, name) => {
    const { ran, received } = await send(make, name);

    expect(ran).toEqual({ code: 2, stdout: "", stderr: `error: --payload: ${problem}\n` });
    expect(received).toEqual([]);
  });

  test.each([
    ["a byte order mark before it", '\ufeff{ "a": "é" }\r\n', '{ "a": "é" }\r\n'],
    ["spaces of its own", '{ "a":  1 }', '{ "a":  1 }'],
  ])("is sent unchanged with %s", async (_, text, sent) => {
    const { ran, received } = await send(holding(text));

    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(received.map(({ body }) => body)).toEqual([sent]);
  });
});
