import { expect, test } from "vitest";
import { isCloneUrl, redactCredentials } from "../../src/validation/clone-url.ts";

test.each([
  "https://github.com/acme/app.git",
  "https://user:token@git.example.com:8443/acme/app",
  "http://127.0.0.1:3000/acme/app.git",
  "ssh://git@github.com/acme/app.git",
  "git@github.com:acme/app.git",
])("accepts the clone URL %s", (url) => {
  expect(isCloneUrl(url)).toBe(true);
});

test.each([
  "",
  "ext::sh -c touch% /tmp/pwned",
  "ext::sh",
  "--upload-pack=touch /tmp/pwned",
  "-oProxyCommand=x",
  "ssh://-oProxyCommand=x/acme",
  "ssh://-oProxyCommand=x@host/acme",
  "ssh://%2DoProxyCommand=x@host/acme",
  "git@-oProxyCommand=x:acme",
  "git@host:-x",
  "file:///etc",
  "/etc",
  "../other",
  "git://host/acme",
  "ftp://host/acme",
  "fd::17/foo",
  "https://",
  "https:relative",
  "https://host/acme?token=1",
  "https://host/a b",
  "https://host/a\nb",
  `https://host/${"a".repeat(3000)}`,
])("refuses the clone URL %j", (url) => {
  expect(isCloneUrl(url)).toBe(false);
});

test("removes credentials from every URL in a text", () => {
  const text = "fatal: 'https://user:pa@ss@host/a' and https://token@other/b, not mail@example.com";
  expect(redactCredentials(text)).toBe("fatal: 'https://host/a' and https://other/b, not mail@example.com");
});
