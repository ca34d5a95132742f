import { CredentialsError, readPrivateKey } from "@webhook-gateway/shared/github/private-key.ts";
import githubAppJwt from "universal-github-app-jwt";
import { describe, expect, inject, test } from "vitest";

const { privateKeyPkcs1, privateKeyPkcs8, publicKey } = inject("githubDouble");

const bytesOf = (base64: string): Uint8Array => Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
const bodyOf = (pem: string): string => pem.replaceAll(/-----[^-]+-----|\s/g, "");
const pem = (label: string, body: string): string =>
  `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----\n`;

const RSA = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };

/** Signs an App's JWT with a key as it is read, and has it checked with the public key. */
async function signs(given: string): Promise<boolean> {
  const { token } = await githubAppJwt({ id: 1, privateKey: await readPrivateKey(given) });
  const [header, payload, signature = ""] = token.split(".");
  const key = await crypto.subtle.importKey("spki", bytesOf(bodyOf(publicKey)), RSA, false, ["verify"]);
  const raw = bytesOf(signature.replaceAll("-", "+").replaceAll("_", "/"));
  return crypto.subtle.verify(RSA.name, key, raw, new TextEncoder().encode(`${header}.${payload}`));
}

describe.each([
  ["PKCS#1", privateKeyPkcs1],
  ["PKCS#8", privateKeyPkcs8],
])("a key in %s signs", (_, key) => {
  test.each<[string, (key: string) => string]>([
    ["as it is", (text) => text],
    ["with escaped newlines", (text) => text.replaceAll("\n", "\\n")],
    ["with CRLF", (text) => text.replaceAll("\n", "\r\n")],
    ["with escaped CRLF", (text) => text.replaceAll("\n", "\\r\\n")],
    ["with spaces for newlines", (text) => text.replaceAll("\n", " ")],
    ["on one line", (text) => text.replaceAll(/(?<=[\w+/=])\n(?=[\w+/=])/g, "")],
    ["without its last newline", (text) => text.trimEnd()],
    ["in quotes, with space around", (text) => `  "${text.replaceAll("\n", "\\n")}"\n`],
    ["indented", (text) => text.replaceAll(/^/gm, "    ")],
    ["behind a remark", (text) => `Bag Attributes\n    friendlyName: x\n${text}`],
  ])("%s", async (_case, change) => {
    expect(await signs(change(key))).toBe(true);
  });
});

const body = bodyOf(privateKeyPkcs1);
const ENCRYPTED = `Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,0011\n\n${body}`;

async function elliptic(): Promise<string> {
  const pair = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, true, ["sign"]);
  if (!("privateKey" in pair)) throw new Error("no pair");
  const der = await crypto.subtle.exportKey("pkcs8", pair.privateKey);
  if (!(der instanceof ArrayBuffer)) throw new Error("no DER");
  return pem("PRIVATE KEY", btoa(String.fromCharCode(...new Uint8Array(der))));
}

describe("names what is wrong with", () => {
  test.each<[string, string | Promise<string>, RegExp]>([
    ["none at all", "", /is missing beside GITHUB_APP_ID/],
    ["a path", "/etc/app.private-key.pem", /is not a PEM: paste the whole/],
    ["its body alone", body, /is not a PEM/],
    ["a header without its end", privateKeyPkcs1.slice(0, 900), /is not a PEM/],
    ["labels that differ", privateKeyPkcs1.replace("END RSA", "END"), /is not a PEM/],
    ["an encrypted PKCS#1", pem("RSA PRIVATE KEY", ENCRYPTED), /encrypted/],
    ["an encrypted PKCS#8", pem("ENCRYPTED PRIVATE KEY", body), /type "ENCRYPTED PRIVATE KEY"/],
    ["a public key", publicKey, /type "PUBLIC KEY"/],
    ["an OpenSSH key", pem("OPENSSH PRIVATE KEY", body), /type "OPENSSH PRIVATE KEY"/],
    ["an elliptic key", elliptic(), /no RSA key can be read/],
    ["a body that is cut", pem("RSA PRIVATE KEY", body.slice(0, 800)), /is damaged/],
    ["a PKCS#8 body that is cut", pem("PRIVATE KEY", bodyOf(privateKeyPkcs8).slice(0, 800)), /is damaged/],
    ["PKCS#8 under the other label", pem("RSA PRIVATE KEY", bodyOf(privateKeyPkcs8)), /is damaged/],
    ["no base64", pem("RSA PRIVATE KEY", body.slice(0, 801)), /not base64/],
    ["an empty body", pem("RSA PRIVATE KEY", "AA=="), /is damaged/],
  ])("%s", async (_, given, problem) => {
    const thrown = await readPrivateKey(await given).catch((error: unknown) => error);
    expect(thrown).toBeInstanceOf(CredentialsError);
    const { message } = thrown as CredentialsError;
    expect(message).toMatch(/^GITHUB_APP_PRIVATE_KEY /);
    expect(message).toMatch(problem);
    for (let at = 0; at + 12 <= body.length; at += 12) {
      expect(message.includes(body.slice(at, at + 12))).toBe(false);
    }
  });
});
