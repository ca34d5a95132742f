import { PassThrough } from "node:stream";
import { expect, test } from "vitest";
import { readToken } from "../../src/api/token.ts";
import { EXIT } from "../../src/exit.ts";
import { askForWord } from "../../src/input/prompt.ts";

/** A person who types this. */
function terminalWith(typed: string) {
  const input = new PassThrough();
  const output = new PassThrough();
  const shown: string[] = [];
  output.on("data", (chunk: Buffer) => shown.push(chunk.toString()));
  input.write(typed);
  return { isInteractive: true, input, output, shown: () => shown.join("") };
}

const NOBODY = { ...terminalWith(""), isInteractive: false };
const CTRL_C = "\u0003";

test.each([
  ["the word", "replay\r", true],
  ["the word among spaces", " replay \r", true],
  ["another word", "discard\r", false],
  ["yes", "y\r", false],
  ["nothing", "\r", false],
  ["Ctrl-C", CTRL_C, false],
])("confirms only the word itself: %s", async (_, typed, confirmed) => {
  const terminal = terminalWith(typed);

  expect(await askForWord("replay", terminal)).toBe(confirmed);
  expect(terminal.shown()).toContain("Type replay to continue:");
});

test("takes the token from the environment without a prompt", async () => {
  expect(await readToken({ GATEWAY_TOKEN: "the-token" }, NOBODY)).toBe("the-token");
});

test("asks for the token, and does not show it", async () => {
  const terminal = terminalWith("typed-token\r");

  expect(await readToken({ GATEWAY_TOKEN: "" }, terminal)).toBe("typed-token");
  expect(terminal.shown()).toContain("GATEWAY_TOKEN:");
  expect(terminal.shown()).not.toContain("typed-token");
});

test("removes the spaces around a typed token", async () => {
  expect(await readToken({}, terminalWith(" typed-token \r"))).toBe("typed-token");
});

test.each([
  ["nobody is there to ask", {}, NOBODY, EXIT.usage, /GATEWAY_TOKEN is not set/],
  ["nothing is typed", {}, terminalWith("\r"), EXIT.failed, /no token was given/],
  ["Ctrl-C is typed", {}, terminalWith(CTRL_C), EXIT.failed, /no token was given/],
  [
    "a newline follows it",
    { GATEWAY_TOKEN: "the-token\n" },
    NOBODY,
    EXIT.usage,
    /^GATEWAY_TOKEN has whitespace around it$/,
  ],
  ["it is a space", { GATEWAY_TOKEN: " " }, NOBODY, EXIT.usage, /^GATEWAY_TOKEN has whitespace around it$/],
  ["it could be no header", { GATEWAY_TOKEN: "a\nb" }, NOBODY, EXIT.usage, /GATEWAY_TOKEN has characters/],
])("has no token if %s", async (_, environment, terminal, exitCode, message) => {
  const token = readToken(environment, terminal);

  await expect(token).rejects.toThrow(message);
  await expect(token).rejects.toMatchObject({ exitCode });
});
