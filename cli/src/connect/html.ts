/** HTML of the loopback page. */

/** Text that is HTML already. */
class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

export type { Html };

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

const escaped = (value: unknown): string =>
  value instanceof Html ? value.text : String(value).replaceAll(/[&<>"']/g, (one) => ENTITIES[one] ?? one);

/** A template whose values are escaped. A list is a sequence of values. */
export const html = (parts: TemplateStringsArray, ...values: readonly unknown[]): Html =>
  new Html(parts.flatMap((part, index) => [part, ...[values[index] ?? ""].flat().map(escaped)]).join(""));
