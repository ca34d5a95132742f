/** Searches for secrets, in any encoding, wherever a gateway leaves something. */
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** A secret is revealed if a text contains any of its forms. */
export type Secrets = Readonly<Record<string, readonly string[]>>;

/** The encodings of a text: hex, base64 at any offset, in a URL, in JSON. */
export function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const hex = bytes.toString("hex");
  const base64 = [0, 1, 2].map((shift) => base64Within(bytes, shift));
  const forms = [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    hex,
    hex.toUpperCase(),
  ];
  return [...new Set([...forms, ...base64, ...base64.map(toBase64Url)])];
}

/** The base64 of bytes at some offset in a text, without the characters that depend on the bytes around them. */
function base64Within(bytes: Buffer, shift: number): string {
  const characters = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const whole = (bytes.length + shift) % 3 === 0;
  return characters.slice(shift === 0 ? 0 : shift + 1, whole ? undefined : -1);
}

const toBase64Url = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");

/** The forms of a private key: the lines of its PEM, and its numbers. */
export function keyForms(...pems: readonly string[]): string[] {
  const lines = pems.flatMap((pem) =>
    pem.split("\n").filter((line) => line.length > 40 && !line.startsWith("-")),
  );
  const { d, p, q, dp, dq, qi } = createPrivateKey(pems[0] ?? "").export({ format: "jwk" });
  const numbers = [d, p, q, dp, dq, qi].filter((number) => number !== undefined);
  return [...lines, ...numbers, ...numbers.map((number) => Buffer.from(number, "base64url").toString("hex"))];
}

/** @returns every secret that a text reveals, with the place */
export const leaksIn = (places: ReadonlyMap<string, string>, secrets: Secrets): string[] =>
  [...places].flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([name, forms]) => {
      const form = forms.find((one) => text.includes(one));
      return form === undefined ? [] : [`${name} in ${place}: ${around(text, form)}`];
    }),
  );

function around(text: string, form: string): string {
  const at = text.indexOf(form);
  return text.slice(Math.max(0, at - 60), at + 80);
}

/** The bytes of every file below a folder, by its path. */
export function filesBelow(folder: string): Map<string, string> {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((name) =>
    path.join(folder, name),
  );
  return new Map(
    files
      .filter((file) => statSync(file).isFile())
      .map((file) => [file, readFileSync(file, "latin1")] as const),
  );
}
