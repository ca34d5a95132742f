import { writeFileSync } from "node:fs";
import path from "node:path";
import { Webhooks } from "@octokit/webhooks";
import { expect, test } from "vitest";
import { freePort } from "../../../test/system/ports.ts";
import { makeDirectory } from "../../../test/system/repositories.ts";
import { type Ran, runGateway } from "../support/gateway-command.ts";
import { runHere } from "../support/gateway-here.ts";
import { startIngress } from "../support/ingress.ts";

const SECRET = "send test secret";

const WITH_SECRET = { GITHUB_WEBHOOK_SECRET: SECRET };

const gateway = (
  args: readonly string[],
  env: Readonly<Record<string, string>> = WITH_SECRET,
): Promise<Ran> => runHere(args, env);

test("sends one delivery that is signed as GitHub signs", async () => {
  const { url, received } = await startIngress();

  // As a person runs it; the others run within this process.
  const ran = await runGateway(
    ["--url", url, "send", "pull_request.opened", "--repo", "acme/widgets", "--pr", "12"],
    WITH_SECRET,
  );

  expect(ran).toMatchObject({ code: 0, stderr: "" });
  expect(ran.stdout).toMatch(/^202 in \d+ ms {2}delivery [0-9a-f-]{36}\n/);
  const [delivery] = received;
  expect(received).toHaveLength(1);
  expect(delivery?.headers).toMatchObject({
    "x-github-event": "pull_request",
    "content-type": "application/json",
  });
  const signature = String(delivery?.headers["x-hub-signature-256"]);
  expect(await new Webhooks({ secret: SECRET }).verify(delivery?.body ?? "", signature)).toBe(true);
  expect(JSON.parse(delivery?.body ?? "")).toMatchObject({
    number: 12,
    repository: { full_name: "acme/widgets" },
  });
});

test("sends many, each a pull request of its own, and counts the answers", async () => {
  const { url, received } = await startIngress();

  const ran = await gateway([
    ...["--url", url, "--output", "json", "send", "pull_request.opened"],
    ...["--repo", "acme/widgets", "--pr", "5", "--count", "20", "--rate", "200"],
  ]);

  expect(ran.code).toBe(0);
  expect(JSON.parse(ran.stdout)).toMatchObject({ sent: 20, statuses: { "202": 20 } });
  const numbers = received.map(({ body }) => JSON.parse(body).number).toSorted((a, b) => a - b);
  expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 5));
  expect(new Set(received.map(({ headers }) => headers["x-github-delivery"])).size).toBe(20);
});

test("sends a file as it is, under the GUID that is asked for", async () => {
  const { url, received } = await startIngress();
  const file = path.join(makeDirectory(), "payload.json");
  writeFileSync(file, '{ "zen":  "as it is" }');

  const ran = await gateway(["--url", url, "send", "ping", "--payload", file, "--guid", "the-guid"]);

  expect(ran.code).toBe(0);
  expect(received[0]?.body).toBe('{ "zen":  "as it is" }');
  expect(received[0]?.headers["x-github-delivery"]).toBe("the-guid");
});

test("fails if the gateway refuses", async () => {
  const { url } = await startIngress(401);

  expect(await gateway(["--url", url, "send", "ping"])).toMatchObject({ code: 1 });
});

test("says in one line that no gateway answers", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;

  expect(await gateway(["--url", url, "send", "ping"])).toEqual({
    code: 1,
    stdout: "",
    stderr: `error: no gateway answers at ${url} (ECONNREFUSED)\n`,
  });
});

test("wants the secret of a gateway that is not on this machine", async () => {
  const ran = await gateway(["--url", "https://gateway.example.com", "send", "ping"], {
    GITHUB_WEBHOOK_SECRET: "",
  });

  expect(ran).toMatchObject({
    code: 2,
    stderr: "error: GITHUB_WEBHOOK_SECRET is not set: it signs the delivery\n",
  });
});

test("signs with no secret that has a newline after it", async () => {
  const { url, received } = await startIngress();

  const ran = await gateway(["--url", url, "send", "ping"], { GITHUB_WEBHOOK_SECRET: `${SECRET}\n` });

  expect(ran).toEqual({
    code: 2,
    stdout: "",
    stderr: "error: GITHUB_WEBHOOK_SECRET has whitespace around it\n",
  });
  expect(received).toEqual([]);
});

test.each([
  [["send"], "missing required argument 'event'"],
  [["send", "nope"], 'GitHub has no event "nope"'],
  [["send", "pull_request.nope"], 'there is no example of "pull_request.nope"'],
  [["send", "ping", "--repo", "acme"], "It must be owner/repo."],
  [["send", "ping", "--pr", "0"], "It must be a whole number, 1 or more."],
  [["send", "ping", "--count", "1.5"], "It must be a whole number, 1 or more."],
  [["send", "ping", "--head", "abc"], "It must be a full commit SHA."],
  [["send", "ping", "--payload", "/nowhere/payload.json"], "/nowhere/payload.json does not exist"],
  [["--url", "nonsense", "send", "ping"], "--url is not a URL"],
  [["nope"], "unknown command 'nope'"],
])("reports bad usage: %j", async (args, message) => {
  const ran = await gateway(args);

  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain(message);
  expect(ran.stderr).not.toContain("    at ");
});

test("shows examples when it is asked for help", async () => {
  const ran = await gateway(["send", "--help"]);

  expect(ran.code).toBe(0);
  expect(ran.stdout).toContain("gateway send pull_request.opened --repo acme/widgets");
});
