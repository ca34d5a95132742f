/** The smallest parts of a page: a text, a time, a duration, a commit. */

import { durationText, relativeText, spanMs } from "@webhook-gateway/shared/text/duration.ts";
import type { Child } from "hono/jsx";
import { outsideHref, repositoryPath } from "./link.ts";
import { shorten, visible } from "./text.ts";
import { useNow } from "./view.ts";

/** Texts in tables are cut to this; the title has more, up to its own limit. */
const CELL_LENGTH = 90;
const TITLE_LENGTH = 600;

/** A text from outside, with its own text direction. */
export function Text(props: { readonly text: string; readonly maxLength?: number }) {
  const text = visible(props.text);
  const shown = shorten(text, props.maxLength ?? CELL_LENGTH);
  return shown === text ? <bdi>{text}</bdi> : <bdi title={shorten(text, TITLE_LENGTH)}>{shown}</bdi>;
}

/** An id, or another text of a machine. */
export const Code = ({ text, maxLength = 200 }: { readonly text: string; readonly maxLength?: number }) => (
  <code>
    <Text text={text} maxLength={maxLength} />
  </code>
);

export const CodeLink = ({ href, text }: { readonly href: string; readonly text: string }) => (
  <a href={href}>
    <Code text={text} />
  </a>
);

/** The gateway's own times within a text. */
const TIME = /(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)/;

/** A text of the gateway itself. The times in it are shown like all others. */
export function Prose(props: { readonly text: string; readonly maxLength?: number }) {
  const parts = shorten(props.text, props.maxLength ?? CELL_LENGTH).split(TIME);
  if (parts.length === 1) return <Text {...props} />;
  return <bdi>{parts.map((part, index) => (index % 2 === 0 ? visible(part) : <Ago at={part} />))}</bdi>;
}

/** Shows that a value is missing, also to screen readers. */
export const None = ({ word = "none" }: { readonly word?: string }) => (
  <span class="none">
    <span aria-hidden="true">–</span>
    <span class="hidden">{word}</span>
  </span>
);

/** `2026-11-24 00:08:19 UTC`. */
export const utcText = (at: string): string => `${at.slice(0, 10)} ${at.slice(11, 19)} UTC`;

/** A time relative to now. */
export function Ago({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) return <None />;
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return <Text text={at} />;
  return (
    <time datetime={at} title={utcText(at)}>
      {relativeText(atMs, now.getTime())}
    </time>
  );
}

/** A time with its distance from now. */
export function At({ at }: { readonly at: string | null }) {
  const now = useNow();
  if (at === null) return <None />;
  const atMs = Date.parse(at);
  if (Number.isNaN(atMs)) return <Text text={at} />;
  return (
    <>
      <time datetime={at}>{utcText(at)}</time>{" "}
      <span class="muted">({relativeText(atMs, now.getTime())})</span>
    </>
  );
}

export const Span = ({ ms }: { readonly ms: number | undefined | null }) =>
  ms === undefined || ms === null ? <None /> : <span>{durationText(ms)}</span>;

/** The time between two times, or until now if it is ongoing. */
export function Took(props: {
  readonly from: string | null;
  readonly to: string | null;
  readonly ongoing: boolean;
}) {
  const to = props.ongoing ? (props.to ?? useNow().toISOString()) : props.to;
  return <Span ms={spanMs(props.from, to)} />;
}

/** A repository's name; it leads to its page. */
export function RepositoryLink({ repository }: { readonly repository: string }) {
  const href = repositoryPath(repository);
  const text = <Text text={repository} maxLength={200} />;
  return href === undefined ? text : <a href={href}>{text}</a>;
}

export const Sha = ({ sha }: { readonly sha: string }) => (
  <code title={shorten(visible(sha), TITLE_LENGTH)}>{visible(sha.slice(0, 9))}</code>
);

/** A URL from outside: a link if it may be one, else its text. */
export function Outside({ address, children }: { readonly address: string; readonly children?: Child }) {
  const href = outsideHref(address);
  if (href === undefined) return children === undefined ? <Text text={address} /> : null;
  return (
    <a href={href} rel="noreferrer noopener external">
      {children ?? <Text text={address} />}
    </a>
  );
}
