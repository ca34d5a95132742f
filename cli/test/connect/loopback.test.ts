import { once } from "node:events";
import { createServer, request } from "node:http";
import { expect, onTestFinished, test } from "vitest";
import { serveManifestPage } from "../../src/connect/loopback.ts";
import { appManifest } from "../../src/connect/manifest.ts";
import { GatewayError } from "../../src/exit.ts";

const HOOK = "https://gateway.example.com/webhook/github";
const INSTALL = "https://github.example/apps/the-app/installations/new";

/** Serves the page in this process. */
async function serve(onCode: (code: string) => Promise<unknown> = async () => undefined) {
  const controller = new AbortController();
  const address = Promise.withResolvers<string>();
  const ended = serveManifestPage({
    port: 0,
    action: "https://github.example/settings/apps/new",
    owner: "your account",
    signal: controller.signal,
    manifest: (redirectUrl) =>
      appManifest({ name: `<b title="x">&`, hookUrl: HOOK, redirectUrl, pushes: false }),
    onServing: address.resolve,
    async onCode(code) {
      await onCode(code);
      return { slug: "the-app", installUrl: INSTALL };
    },
  });
  const outcome = ended.then(
    () => "done",
    (thrown: unknown) => (thrown instanceof GatewayError ? thrown.message : thrown),
  );
  onTestFinished(() => controller.abort());
  const url = await address.promise;
  const form = await (await fetch(url)).text();
  const [, state = ""] = /\?state=([\w-]+)/.exec(form) ?? [];
  return { url, form, state, outcome, stop: () => controller.abort() };
}

test("the page posts the manifest, and escapes what it shows", async () => {
  const { url, form, state } = await serve();

  expect(form).toContain(
    `<form action="https://github.example/settings/apps/new?state=${state}" method="post">`,
  );
  const [, value = ""] = /name="manifest" value="([^"]*)"/.exec(form) ?? [];
  const manifest = value
    .replaceAll("&quot;", '"')
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&amp;", "&");
  expect(JSON.parse(manifest)).toMatchObject({ name: '<b title="x">&', redirect_url: `${url}/callback` });
  expect(form).not.toContain("<b title");
  expect(form).toContain("<code>checks</code>: write");
  expect(state.length).toBeGreaterThanOrEqual(32);
});

test("answers with a wrong state are not accepted, and the page goes on waiting", async () => {
  const codes: string[] = [];
  const { url, state, outcome } = await serve(async (code) => codes.push(code));
  const get = async (path: string) => (await fetch(`${url}${path}`)).status;

  expect(await get("/callback?code=stolen")).toBe(400);
  expect(await get(`/callback?code=stolen&state=${state.replace(/^./, "é")}`)).toBe(400);
  expect(await get(`/elsewhere?code=stolen&state=${state}`)).toBe(404);
  expect((await fetch(new URL("/", url))).status).toBe(404);
  expect(await get(`/callback?code=the-code&state=${state}`)).toBe(200);

  expect(await outcome).toBe("done");
  expect(codes).toEqual(["the-code"]);
});

test("another site's name that leads to this machine is not answered", async () => {
  const { url } = await serve();
  const asked = request(url, { headers: { host: "attacker.example" } }).end();
  const [response] = await once(asked, "response");
  response.resume();
  expect(response.statusCode).toBe(421);
});

test("a code works once: what comes while it is used is refused", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { url, state, outcome } = await serve(() => promise);
  const call = () => fetch(`${url}/callback?code=the-code&state=${state}`);

  const first = call();
  const second = await call();
  resolve();

  expect([(await first).status, second.status].toSorted()).toEqual([200, 409]);
  expect(await outcome).toBe("done");
});

test.each<[string, (served: Awaited<ReturnType<typeof serve>>) => unknown, string]>([
  ["the button", ({ url }) => fetch(`${url}/cancel`, { method: "POST" }), "cancelled: no App was created"],
  ["Ctrl-C", ({ stop }) => stop(), "cancelled: no App was created"],
  [
    "a return without a code",
    ({ url, state }) => fetch(`${url}/callback?state=${state}`),
    "GitHub sent no code: no App was created",
  ],
])("%s ends it", async (_, cancel, message) => {
  const served = await serve();
  await cancel(served);
  expect(await served.outcome).toBe(message);
});

test("a failure is shown in the browser, and ends it", async () => {
  const { url, state, outcome } = await serve(() => Promise.reject(new GatewayError("<i>used already</i>")));

  const response = await fetch(`${url}/callback?code=c&state=${state}`);

  expect(response.status).toBe(502);
  expect(await response.text()).toContain("&lt;i&gt;used already");
  expect(await outcome).toBe("<i>used already</i>");
});

test("a taken port is named", async () => {
  const other = createServer().listen(0, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const address = other.address();
  const port = typeof address === "object" ? (address?.port ?? 0) : 0;
  const never = async () => ({ slug: "", installUrl: "" });
  const options = { action: "", owner: "", onServing: () => undefined, onCode: never };
  const manifest = (redirectUrl: string) =>
    appManifest({ name: "", hookUrl: HOOK, redirectUrl, pushes: false });

  await expect(
    serveManifestPage({ ...options, manifest, port, signal: new AbortController().signal }),
  ).rejects.toThrow(`port ${port} is taken: pass another one as --port`);
});
