import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { proxyVariables, startAsked } from "../../../shared/test/support/proxy.ts";
import { makeOddHome, makeOtherRepository } from "../../../shared/test/support/surroundings.ts";
import { checkOutCommit, locateRepository, type RepositorySource } from "../../src/sandbox/repository.ts";
import { startGitHttp } from "../support/git-http.ts";
import { commitFiles, git, makeDirectory } from "../support/repositories.ts";
import { SOME_SHA } from "../support/system.ts";

/** The name of a tree, of either kind. */
const TREE = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

async function checkOut(source: RepositorySource, headSha: string, timeoutMs = 20_000) {
  const scratchDirectory = makeDirectory();
  const directory = join(scratchDirectory, "checkout");
  mkdirSync(directory);
  const { signal } = new AbortController();
  const sandboxId = `repository-test-${process.pid}`;
  const outcome = await checkOutCommit({
    source,
    headSha,
    directory,
    scratchDirectory,
    sandboxId,
    timeoutMs,
    signal,
  });
  return { outcome, directory };
}

/** Sets environment variables for one test. */
function surroundWith(variables: Record<string, string>): void {
  for (const [name, value] of Object.entries(variables)) vi.stubEnv(name, value);
  onTestFinished(() => void vi.unstubAllEnvs());
}

describe("locateRepository", () => {
  test("prefers a local repository, with or without .git", () => {
    const repos = makeDirectory();
    mkdirSync(join(repos, "acme", "plain"), { recursive: true });
    mkdirSync(join(repos, "acme", "bare.git"));
    expect(locateRepository("acme/plain", "https://x.example/y", repos)).toEqual({
      url: join(repos, "acme", "plain"),
      label: "acme/plain",
      protocols: "file",
    });
    expect(locateRepository("acme/bare", undefined, repos).url).toBe(join(repos, "acme", "bare.git"));
  });

  test("uses the clone URL if there is no local repository, and GitHub if there is no clone URL", () => {
    const repos = makeDirectory();
    expect(locateRepository("acme/app", "https://user:token@x.example/y.git", repos)).toEqual({
      url: "https://user:token@x.example/y.git",
      label: "https://x.example/y.git",
      protocols: "https:http:ssh",
    });
    expect(locateRepository("acme/app", undefined, undefined).url).toBe("https://github.com/acme/app.git");
  });
});

describe("checkOutCommit", () => {
  const local = (url: string): RepositorySource => ({ url, label: "acme/app", protocols: "file" });

  test("checks out exactly the commit, even if it is not the tip of a branch", async () => {
    const repository = makeDirectory();
    const first = commitFiles(repository, { "a.txt": "one" });
    commitFiles(repository, { "a.txt": "two" });
    const { outcome, directory } = await checkOut(local(repository), first);
    expect(outcome).toMatchObject({ kind: "checked_out", treeSha: expect.stringMatching(TREE) });
    expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("one");
    expect(git(directory, "rev-parse", "HEAD")).toBe(first);
    expect(git(directory, "rev-list", "--count", "HEAD")).toBe("1");
  });

  test("checks out a commit of a repository with SHA-256 names", async () => {
    const repository = makeDirectory();
    git(repository, "init", "--quiet", "--object-format=sha256");
    const sha = commitFiles(repository, { "a.txt": "one" });
    expect(sha).toHaveLength(64);
    expect((await checkOut(local(repository), sha)).outcome).toMatchObject({
      kind: "checked_out",
      treeSha: expect.stringMatching(TREE),
    });
  });

  test("fetches the branches if the server does not serve single commits", async () => {
    const root = makeDirectory();
    const first = commitFiles(join(root, "app"), { "a.txt": "one" });
    commitFiles(join(root, "app"), { "a.txt": "two" });
    const url = `${await startGitHttp(root)}/app/.git`;
    const source = locateRepository("acme/app", url, undefined);
    const { outcome, directory } = await checkOut(source, first);
    expect(outcome).toMatchObject({ kind: "checked_out", treeSha: expect.stringMatching(TREE) });
    expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("one");
    const unknown = await checkOut(source, SOME_SHA);
    expect(unknown.outcome).toEqual({ kind: "failed", error: `commit ${SOME_SHA} was not found in ${url}` });
  });

  test("uses the credentials of a clone URL and never reveals them", async () => {
    const root = makeDirectory();
    const sha = commitFiles(join(root, "app"), { "a.txt": "one" });
    const url = `${(await startGitHttp(root, "sesame")).replace("//", "//user:sesame@")}/app/.git`;
    const good = await checkOut(locateRepository("acme/app", url, undefined), sha);
    expect(good.outcome).toMatchObject({ kind: "checked_out", treeSha: expect.stringMatching(TREE) });
    for (const name of readdirSync(join(good.directory, ".git"), { recursive: true, encoding: "utf8" })) {
      if (!/config|HEAD|logs/.test(name) || name.endsWith("logs") || name.includes("refs")) continue;
      expect(readFileSync(join(good.directory, ".git", name), "utf8")).not.toContain("sesame");
    }
    const bad = await checkOut(
      locateRepository("acme/app", url.replace("sesame", "wrong-word"), undefined),
      sha,
    );
    expect(bad.outcome).toMatchObject({ kind: "failed", error: expect.stringContaining("could not fetch") });
    expect(JSON.stringify(bad.outcome)).not.toContain("wrong-word");
  });

  test("fails for a folder that is not a repository, without revealing its path", async () => {
    const path = makeDirectory();
    const { outcome } = await checkOut(local(path), SOME_SHA);
    expect(outcome).toMatchObject({
      kind: "failed",
      error: expect.stringMatching(/^could not fetch acme\/app: /),
    });
    expect(JSON.stringify(outcome)).not.toContain(path);
  });

  test("fails for a commit that does not exist", async () => {
    const repository = makeDirectory();
    commitFiles(repository, { "a.txt": "one" });
    const { outcome } = await checkOut(local(repository), SOME_SHA);
    expect(outcome).toEqual({ kind: "failed", error: `commit ${SOME_SHA} was not found in acme/app` });
  });

  test("fails for the id of an object that is not a commit", async () => {
    const repository = makeDirectory();
    commitFiles(repository, { "a.txt": "one" });
    git(repository, "tag", "-a", "v1", "-m", "tag");
    for (const name of ["v1", "HEAD^{tree}", "HEAD:a.txt"]) {
      const { outcome } = await checkOut(local(repository), git(repository, "rev-parse", name));
      expect(outcome.kind).toBe("failed");
    }
  });

  test("clones from this machine without a proxy, and from others through the user's", async () => {
    const root = makeDirectory();
    const sha = commitFiles(join(root, "app"), { "a.txt": "one" });
    const url = `${await startGitHttp(root)}/app/.git`;
    const proxy = await startAsked();
    surroundWith(proxyVariables(proxy.port));
    const { outcome } = await checkOut(locateRepository("acme/app", url, undefined), sha);
    expect([outcome, proxy.urls]).toEqual([expect.objectContaining({ kind: "checked_out" }), []]);
    await checkOut(locateRepository("acme/app", "https://elsewhere.invalid/app.git", undefined), sha);
    expect(proxy.urls).toEqual(["elsewhere.invalid:443"]);
  });

  test("touches no repository that a variable names, and uses no configuration but its own", async () => {
    const other = makeOtherRepository(makeDirectory());
    const before = other.files();
    const repository = makeDirectory();
    const sha = commitFiles(repository, { "a.txt": "one\n" });
    const home = makeOddHome(makeDirectory());
    surroundWith({ ...other.variables, HOME: home, GIT_CONFIG_GLOBAL: join(home, ".gitconfig") });
    const { outcome, directory } = await checkOut(local(repository), sha);
    expect(outcome).toMatchObject({ kind: "checked_out", treeSha: expect.stringMatching(TREE) });
    expect(readFileSync(join(directory, "a.txt"), "utf8")).toBe("one\n");
    expect(other.files()).toEqual(before);
  });

  test("gives up on a clone that takes too long", async () => {
    const repository = makeDirectory();
    const sha = commitFiles(repository, { "a.txt": "one" });
    const { outcome } = await checkOut(local(repository), sha, 1);
    expect(outcome).toMatchObject({ kind: "failed", error: expect.stringMatching(/it took too long$/) });
  });

  test("lets git use only the protocols of the source", async () => {
    const marker = join(makeDirectory(), "ran");
    for (const url of [`ext::sh -c touch% ${marker}`, `file://${makeDirectory()}`]) {
      const source = { url, label: "acme/app", protocols: "https:http:ssh" };
      const { outcome } = await checkOut(source, SOME_SHA);
      expect(outcome).toMatchObject({ kind: "failed", error: expect.stringContaining("not allowed") });
    }
    expect(existsSync(marker)).toBe(false);
  });

  test("runs no hooks and fetches no submodules", async () => {
    const marker = join(makeDirectory(), "ran");
    const inner = makeDirectory();
    const repository = makeDirectory();
    commitFiles(inner, { "b.txt": "inner" });
    commitFiles(repository, { "a.txt": "one" });
    git(repository, "-c", "protocol.file.allow=always", "submodule", "add", "--quiet", inner, "inner");
    const sha = commitFiles(repository, {});
    mkdirSync(join(repository, ".git", "hooks"));
    for (const hook of ["post-checkout", "pre-upload", "post-update"]) {
      writeFileSync(join(repository, ".git", "hooks", hook), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
    }
    const { outcome, directory } = await checkOut(local(repository), sha);
    expect(outcome).toMatchObject({ kind: "checked_out", treeSha: expect.stringMatching(TREE) });
    expect(readdirSync(join(directory, "inner"))).toEqual([]);
    expect(existsSync(marker)).toBe(false);
  });
});
