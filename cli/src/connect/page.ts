/** The pages that a person sees on loopback while the App is made. */

import { type Html, html } from "./html.ts";
import type { AppManifest } from "./manifest.ts";

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:42rem;margin:4rem auto;padding:0 1rem;color-scheme:light dark}" +
  "button{font:inherit;padding:.5rem 1rem;cursor:pointer}code{overflow-wrap:anywhere}form{display:inline}";

/** Nothing is loaded and no script runs. The style is in the page. */
export const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "cache-control": "no-store",
  connection: "close",
};

const page = (title: string, body: Html): string =>
  html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<link rel="icon" href="data:,"><title>${title}</title><style>${STYLE}</style></head>
<body><main><h1>${title}</h1>${body}</main></body></html>
`.text;

export interface FormOptions {
  readonly manifest: AppManifest;
  /** Where GitHub takes manifests. */
  readonly action: string;
  readonly cancel: string;
  /** `the organization acme`, or `your account` */
  readonly owner: string;
}

/** Shows what the App will be, and posts its manifest to GitHub. */
export const formPage = ({ manifest, action, cancel, owner }: FormOptions): string =>
  page(
    "Create the GitHub App",
    html`<p>GitHub will create the App <strong>${manifest.name}</strong> for ${owner}. If its name is taken, choose
another one on GitHub's page.</p>
<p>Permissions:</p><ul>${Object.entries(manifest.default_permissions).map(
      ([name, level]) => html`<li><code>${name}</code>: ${level}</li>`,
    )}</ul>
<p>Events: ${manifest.default_events.map((event, index) => html`${index > 0 ? ", " : ""}<code>${event}</code>`)}</p>
<p>Deliveries go to <code>${manifest.hook_attributes.url}</code>.</p>
<form action="${action}" method="post"><input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
<button type="submit">Create on GitHub</button></form>
<form action="${cancel}" method="post"><button type="submit">Cancel</button></form>`,
  );

export const donePage = (slug: string, installUrl: string): string =>
  page(
    "The App exists",
    html`<p>The credentials of <strong>${slug}</strong> are stored. The terminal says what is left to do; the App still
has to be installed:</p><p><a href="${installUrl}">Install it</a></p>`,
  );

export const messagePage = (title: string, message: string): string => page(title, html`<p>${message}</p>`);
