/** Reads OpenMetrics 1.0 text as strictly as its specification does. */

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"/;
const SAMPLE = new RegExp(
  `^([a-zA-Z_:][\\w:]*)(?:\\{(${LABEL.source}(?:,${LABEL.source})*)\\})? (-?[\\d.]+(?:e[+-]?\\d+)?)$`,
);
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  gauge: [""],
  counter: ["_total"],
  histogram: ["_bucket", "_count", "_sum"],
};

interface Family {
  readonly name: string;
  readonly words: Map<string, string>;
  readonly samples: Sample[];
}

/** @throws if it is not valid: a family is described, then come its samples, then the next one */
export function readOpenMetrics(text: string): Sample[] {
  if (!text.endsWith("\n# EOF\n")) throw new Error("it has no end");
  const families = new Map<string, Family>();
  let family: Family | undefined;
  for (const line of text.slice(0, -"\n# EOF\n".length).split("\n")) {
    const [, word, name = "", rest = ""] = /^# (HELP|TYPE|UNIT) ([a-zA-Z_:][\w:]*) (\S.*)$/.exec(line) ?? [];
    if (word !== undefined) {
      if (family?.name !== name) {
        if (families.has(name)) throw new Error(`a family in two places: ${line}`);
        family = { name, words: new Map(), samples: [] };
        families.set(name, family);
      }
      if (family.words.has(word) || family.samples.length > 0) throw new Error(`described twice: ${line}`);
      family.words.set(word, rest);
      continue;
    }
    const [, sample, labels = "", ...values] = SAMPLE.exec(line) ?? [];
    if (family === undefined || sample === undefined) throw new Error(`not a sample: ${line}`);
    family.samples.push({ name: sample, labels: labelsOf(labels), value: Number(values.at(-1)) });
  }
  for (const one of families.values()) check(one);
  return [...families.values()].flatMap(({ samples }) => samples);
}

const labelsOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    Array.from(text.matchAll(new RegExp(LABEL, "g")), ([, name, value = ""]) => [
      name,
      value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char)),
    ]),
  );

function check({ name, words, samples }: Family): void {
  const type = words.get("TYPE") ?? "";
  const unit = words.get("UNIT");
  if (unit !== undefined && !name.endsWith(`_${unit}`)) throw new Error(`${name} is not in ${unit}`);
  const suffixes = SUFFIXES[type];
  if (suffixes === undefined) throw new Error(`${name} is a ${type}`);
  const seen = new Set<string>();
  for (const sample of samples) {
    if (!suffixes.includes(sample.name.slice(name.length)) || !sample.name.startsWith(name))
      throw new Error(`${sample.name} is not a sample of the ${type} ${name}`);
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).toSorted()]);
    if (seen.has(key)) throw new Error(`twice: ${key}`);
    seen.add(key);
    if (type !== "gauge" && !(sample.value >= 0)) throw new Error(`${key} is negative`);
  }
  if (type === "histogram") checkBuckets(name, samples);
}

function checkBuckets(name: string, samples: readonly Sample[]): void {
  const buckets = samples.filter((sample) => sample.name === `${name}_bucket`);
  const bounds = buckets.map(({ labels: { le = "" } }) => {
    // Bounds are written as floats.
    if (!/^\d+\.\d+$|^\+Inf$/.test(le)) throw new Error(`${name} has the bound ${le}`);
    return le === "+Inf" ? Number.POSITIVE_INFINITY : Number(le);
  });
  const counts = buckets.map(({ value }) => value);
  const rises = (values: readonly number[], strictly: boolean) =>
    values.every((value, index) => {
      const before = values[index - 1] ?? Number.NEGATIVE_INFINITY;
      return strictly ? value > before : value >= before;
    });
  if (!rises(bounds, true) || bounds.at(-1) !== Number.POSITIVE_INFINITY || !rises(counts, false))
    throw new Error(`the buckets of ${name} are out of order`);
  const count = samples.find((sample) => sample.name === `${name}_count`);
  if (count?.value !== counts.at(-1)) throw new Error(`the count of ${name} is not that of its last bucket`);
  if (!samples.some((sample) => sample.name === `${name}_sum`)) throw new Error(`${name} has no sum`);
}
