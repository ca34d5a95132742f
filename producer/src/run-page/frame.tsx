/** The frame of a run's page, and of what is shown instead of one. */
import type { Child } from "hono/jsx";
import { assetPath } from "../dashboard/assets.ts";
import { visible } from "../dashboard/parts/text.ts";

/** Where the pages of runs are. */
export const RUNS = "/runs";

interface FrameProps {
  readonly title: string;
  /** How often the page is fetched again; never by default. */
  readonly refreshSeconds?: number | undefined;
  readonly foot?: Child;
  readonly children: Child;
}

export const Frame = ({ title, refreshSeconds, foot, children }: FrameProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <meta name="robots" content="noindex" />
      <title>{visible(title)}</title>
      {refreshSeconds !== undefined && (
        <noscript>
          <meta http-equiv="refresh" content={String(refreshSeconds)} />
        </noscript>
      )}
      <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg", RUNS)} />
      <link rel="stylesheet" href={assetPath("style.css", RUNS)} />
      <script src={assetPath("idiomorph.js", RUNS)} defer />
      <script src={assetPath("app.js", RUNS)} type="module" />
    </head>
    <body>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <header class="top quiet">
        <div class="brand">
          <span class="name">CodegenApp Validation</span>
          <button type="button" id="live" data-state="live" title="Whether the page refreshes itself" hidden>
            Live
          </button>
          <span id="live-note" role="status" />
        </div>
      </header>
      <main id="main" class="run" tabindex={-1} data-refresh={refreshSeconds}>
        {children}
      </main>
      <footer id="foot">{foot}</footer>
    </body>
  </html>
);

/** A page that only says why there is no other. */
export const Notice = (props: {
  readonly title: string;
  readonly children: Child;
  readonly again?: boolean;
}) => (
  <Frame title={props.title} refreshSeconds={props.again === true ? 30 : undefined}>
    <h1>{props.title}</h1>
    <p>{props.children}</p>
  </Frame>
);
