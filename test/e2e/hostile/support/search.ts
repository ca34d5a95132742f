/** Looks for secrets, in any writing, wherever a gateway leaves something. */
import { createPrivateKey } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";

/** A secret is told where any of its forms is. */
export type Secrets = Readonly<Record<string, readonly string[]>>;

/** A text as others may write it: in hex, in base64 wherever it begins, in a URL, in JSON. */
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

/** What base64 makes of bytes that begin somewhere in a text, without the letters that their neighbours change. */
function base64Within(bytes: Buffer, shift: number): string {
  const letters = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString("base64")
    .replace(/=+$/, "");
  const whole = (bytes.length + shift) % 3 === 0;
  return letters.slice(shift === 0 ? 0 : shift + 1, whole ? undefined : -1);
}

const toBase64Url = (text: string): string => text.replaceAll("+", "-").replaceAll("/", "_");

/** What of a private key must not be told: the lines of its PEM, and its numbers. */
export function keyForms(...pems: readonly string[]): string[] {
  const lines = pems.flatMap((pem) =>
    pem.split("\n").filter((line) => line.length > 40 && !line.startsWith("-")),
  );
  const { d, p, q, dp, dq, qi } = createPrivateKey(pems[0] ?? "").export({ format: "jwk" });
  const numbers = [d, p, q, dp, dq, qi].filter((number) => number !== undefined);
  return [...lines, ...numbers, ...numbers.map((number) => Buffer.from(number, "base64url").toString("hex"))];
}

/** @returns every secret that a text tells, with the place */
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

/** Every file below a folder, by its path, byte for byte. */
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
