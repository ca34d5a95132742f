import { expect, test } from "vitest";
import { type Bucket, createArchive } from "../../src/archive/archive.ts";
import { ArchiveUnavailable } from "../../src/archive/archive-unavailable.ts";
import { archivedResultsKey, resultsKey, validationKey } from "../../src/archive/keys.ts";

const NOW_MS = Date.UTC(2026, 10, 23);

/** A bucket that does what a test says. */
function bucketOf(perform: () => Promise<unknown>) {
  let calls = 0;
  const call = () => {
    calls++;
    return perform();
  };
  return { bucket: { get: call, put: call, delete: call } as unknown as Bucket, calls: () => calls };
}

test("an environment without a bucket has no archive", () => {
  expect(createArchive(undefined, { now: () => new Date(NOW_MS) })).toBeUndefined();
});

test.each<[string, () => Promise<unknown>]>([
  ["fails", () => Promise.reject(new Error("We encountered an internal error. (10001)"))],
  ["hangs", () => new Promise(() => {})],
])("nothing waits for a bucket that %s, nor asks it again at once", async (_, perform) => {
  let nowMs = NOW_MS;
  const { bucket, calls } = bucketOf(perform);
  const archive = createArchive(bucket, { now: () => new Date(nowMs), timeoutMs: 5 });
  await expect(archive?.put("a", "{}")).rejects.toThrow(ArchiveUnavailable);
  await expect(archive?.put("a", "{}")).rejects.toThrow("has just failed");
  expect(calls()).toBe(1);
  nowMs += 10_000;
  await expect(archive?.put("a", "{}")).rejects.toThrow(ArchiveUnavailable);
  await expect(archive?.get("a")).rejects.toThrow(ArchiveUnavailable);
  await expect(archive?.delete(["a"])).rejects.toThrow(ArchiveUnavailable);
  expect(calls()).toBe(4);
});

test("what is not there is undefined", async () => {
  const archive = createArchive(bucketOf(async () => null).bucket, { now: () => new Date(NOW_MS) });
  expect(await archive?.get("a")).toBeUndefined();
});

test("text is compressed, and read as it was; what an earlier version stored is read too", async () => {
  const text = JSON.stringify({ output: "ä line of output\n".repeat(1000) });
  const objects = new Map<string, { value: string | ArrayBuffer; options?: object | undefined }>();
  const bucket: Bucket = {
    put: async (key, value, options) => objects.set(key, { value, options }),
    get: async (key) => {
      const stored = objects.get(key);
      return stored === undefined
        ? null
        : { ...stored.options, body: new Response(stored.value).body as ReadableStream };
    },
    delete: async (keys) => keys.forEach((key) => void objects.delete(key)),
  };
  const archive = createArchive(bucket, { now: () => new Date(NOW_MS) });
  await archive?.put("new", text);
  objects.set("old", { value: text });
  expect(await archive?.get("new")).toBe(text);
  expect(await archive?.get("old")).toBe(text);
  expect(objects.get("new")?.value).toHaveProperty("byteLength", expect.closeTo(0, -3));
  await archive?.delete(["new", "old"]);
  expect(objects.size).toBe(0);
});

const OWN = "1-pr-12-aaaa-1";

test.each<[string, unknown, string | undefined]>([
  ["its own", resultsKey(OWN, "c-1"), "results/1-pr-12-aaaa-1/c-1.json"],
  ["those that came under Grainchain's id", resultsKey("val_7", "c-2"), "results/val_7/c-2.json"],
  ["those of another validation", resultsKey("1-pr-13-aaaa-1", "c-1"), undefined],
  ["those of one whose id begins alike", resultsKey(`${OWN}2`, "c-1"), undefined],
  ["those of no id", resultsKey("../x y", "c-1"), undefined],
  ["the validation itself", validationKey(OWN), `validations/${OWN}.json`],
  ["another validation", validationKey("val_7"), undefined],
  ["no text", 7, undefined],
])("results are read from %s", (_, archived, key) => {
  expect(archivedResultsKey({ archived }, [OWN, "val_7", null])).toBe(key);
});

test("what has no digest has no object", () => {
  expect(archivedResultsKey(null, [OWN])).toBeUndefined();
  expect(archivedResultsKey({ success: true }, [OWN])).toBeUndefined();
});
