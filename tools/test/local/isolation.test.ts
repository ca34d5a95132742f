import { expect, test } from "vitest";
import { describeIsolation, isolationWarning } from "../../local/isolation.ts";

test.each([
  ["local", "bubblewrap", undefined, "its steps are isolated by bubblewrap"],
  [
    "local",
    "none",
    /without isolation, so run only your own code/,
    "its steps run as your user, without isolation",
  ],
  ["e2b", "remote", undefined, "its steps run in a sandbox of e2b"],
])(
  "npm start says what it means that steps run in %s with isolation %s",
  (provider, isolation, warning, words) => {
    expect(describeIsolation({ provider, isolation })).toBe(words);
    const warned = isolationWarning({ provider, isolation });
    if (warning === undefined) expect(warned).toBeUndefined();
    else expect(warned).toMatch(warning);
  },
);
