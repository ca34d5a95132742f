/** Keeps words of our own, and British spelling, out of everything that people read. The terms to use are in docs/glossary.md. */
import { globSync, readFileSync } from "node:fs";
import path from "node:path";
import { ROOT } from "@webhook-gateway/shared/process/root.mjs";
import { expect, test } from "vitest";

/** A word to avoid, and what to write instead. */
const WORDS: readonly (readonly [avoid: RegExp, instead: string])[] = [
  [/voucher|\bvouch(?:e[sd])?\b/i, "authentication result, authenticate"],
  [/(?<!dead[\s_-]*)letter(?!-spacing)/i, "dead letter"],
  [/dead deadLetter/i, "dead letter"],
  [/(?<![a-z])mend(?![a-z])|\bmend(?:s|ed|ing)\b/i, "fix"],
  [/waiting[\s_-]?room/i, "backlog"],
  [/claimSilent/, "claimStale"],
  [/speaker/i, "installation credential"],
  [/sighting/i, "head observation"],
  [/DispatchFindings|\bfindingsOf\b/, "outcome"],
  [/\b(?:fault|bad)[\s_-]?weather\b|\bweather\b/i, "fault policy"],
  [/\bstorms?\b/i, "burst"],
  [/no such thing/i, "not found"],
  [/\bbec(?:o|a)mes? of\b/i, "what happened to"],
  [/\bc[ao]mes? of (?:it|them|this|that|each)\b/i, "outcome"],
  [/\bst(?:ands?|ood) in\b(?! (?:for|the way|the place|its place)\b)/i, "is stored in"],
  [/\bdocs 20\d\d/, "a link"],
  [/\bfor ever\b/i, "forever"],
  [/\bcanceled\b/i, "cancelled, as the state is called"],
  [/(?<!there )\b(?:is|are) no (?!longer\b|more\b)[a-z]/i, "is not a, cannot"],
  [/\bno more(?=[,."])/i, "no longer, only"],
  [/\bhears? of\b/i, "is notified of"],
  [/\b(?:tells?|told) of\b/i, "reports, has"],
  [/\ball the same\b/i, "anyway, still"],
  [/\bwhoever\b/i, "anyone who"],
  [
    /organis|normalis|recognis|authoris|serialis|behaviour|colour|honour|favour|labelled(?!by)/i,
    "American spelling",
  ],
];

/** Names in JSON that scripts read (`mend`, `letters`), names of other programs, and the alphabet. */
const ALLOWED: readonly (readonly [word: string, file: RegExp])[] = [
  ["mend", /^cli\//],
  [
    "letter",
    /(?:overview|metrics|tiles|attention|view|reads|dead-letters)(?:\.test)?\.tsx?$|dashboard\/support\//,
  ],
  // Wrangler spells it so.
  ["canceled", /documented-commands\.test\.ts$/],
  ["letter", /(?:capability\.test|decide\/support|openapi|signature|validation\/request)\.ts$/],
];

/** Generated files, and migrations, which never change. */
const LEFT_OUT =
  /^shared\/migrations\/.*\.sql$|^CHANGELOG\.md$|(?:^|\/)node_modules\/|worker-configuration\.d\.ts$|^bench\/results\/|words\.test\.ts$/;

const FOLDERS = "bench,cli,consumer,docs,grainchain,producer,shared,test,tools";

const FILES = globSync(
  [
    "*.{md,toml,ts}",
    ".github/**/*.{md,yml}",
    `{${FOLDERS}}/**/*.{ts,tsx,mjs,js,css,sql,md}`,
    "docs/*.json",
    ".env.example",
  ],
  { cwd: ROOT, exclude: (name) => path.basename(name) === "node_modules" },
)
  .filter((file) => !LEFT_OUT.test(file))
  .map((file) => ({ file, text: readFileSync(path.join(ROOT, file), "utf8") }));

test.each(WORDS)("nothing says %s, but: %s", (avoid) => {
  const allowed = ALLOWED.filter(([word]) => avoid.source.includes(word)).map(([, file]) => file);
  const files = FILES.filter(({ file }) => !allowed.some((pattern) => pattern.test(file)));
  const found = files.flatMap(({ file, text }) =>
    [...text.matchAll(new RegExp(avoid, `${avoid.flags}g`))].map(({ index }) => {
      const line = text.slice(0, index).split("\n").length;
      return `${file}:${line}: ${text.split("\n")[line - 1]?.trim()}`;
    }),
  );
  expect(found).toEqual([]);
});

test("the files that people read are looked at", () => {
  const names = FILES.map(({ file }) => file);
  expect(names).toEqual(expect.arrayContaining(["README.md", "docs/glossary.md", "wrangler.consumer.toml"]));
  expect(names.some((name) => name.includes("node_modules"))).toBe(false);
});
