/** The frame of every page. */
import { VERSION } from "@webhook-gateway/shared/version.ts";
import type { Child } from "hono/jsx";
import { assetPath } from "../assets.ts";
import { utcText } from "./inline.tsx";
import { BASE, paths } from "./link.ts";
import { visible } from "./text.ts";
import { useNow, useView } from "./view.ts";

const SECTIONS = [
  ["now", "Overview", paths.now],
  ["validations", "Validations", paths.validations()],
  ["deliveries", "Deliveries", paths.deliveries()],
  ["dead-letters", "Dead letters", paths.deadLetters()],
  ["replays", "Replays", paths.replays()],
  ["reconciles", "Recovery", paths.reconciles()],
  ["actions", "Actions", paths.actions()],
] as const;

export type NavSection = (typeof SECTIONS)[number][0] | "none";

interface PageProps {
  readonly title: string;
  readonly section: NavSection;
  /** How often a script fetches the page again; never by default. */
  readonly refreshSeconds?: number;
  /** The content of the search field. */
  readonly asked?: string;
  readonly plots?: boolean;
  readonly children: Child;
}

export const Page = (props: PageProps) => {
  const { title, section, refreshSeconds, asked, plots = false, children } = props;
  const view = useView();
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{`${visible(title)} · webhook-gateway ${view.environment}`}</title>
        <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg")} />
        {plots && <link rel="stylesheet" href={assetPath("uplot.css")} />}
        <link rel="stylesheet" href={assetPath("style.css")} />
        {plots && <script src={assetPath("uplot.js")} defer />}
        <script src={assetPath("idiomorph.js")} defer />
        <script src={assetPath("app.js")} type="module" />
      </head>
      <body>
        <a class="skip" href="#main">
          Skip to content
        </a>
        <Header section={section} asked={asked} />
        <main id="main" tabindex={-1} data-refresh={refreshSeconds}>
          {view.notice !== undefined && (
            <p class="notice" role="status">
              {view.notice}
            </p>
          )}
          {children}
        </main>
        <footer id="foot">
          webhook-gateway {VERSION} · {view.environment} · as of {utcText(useNow().toISOString())} · signed in
          as {view.actor}
          {view.role === "reader" && ", who cannot change anything"}
          <SignOut />
        </footer>
      </body>
    </html>
  );
};

/** Access has a session of its own: https://developers.cloudflare.com/cloudflare-one/team-and-resources/users/session-management/ */
function SignOut() {
  const { signOut } = useView();
  if (signOut === "nothing") return null;
  if (signOut === "access") return <a href="/cdn-cgi/access/logout">Sign out</a>;
  return (
    <form method="post" action={paths.logout}>
      <button type="submit">Sign out</button>
    </form>
  );
}

const Header = (props: { readonly section: NavSection; readonly asked: string | undefined }) => {
  const { environment } = useView();
  return (
    <header class="top">
      <div class="brand">
        <a href={BASE}>webhook-gateway</a>
        <span class={`environment ${environment}`}>{environment}</span>
        <button type="button" id="live" data-state="live" title="Whether the page refreshes itself" hidden>
          Live
        </button>
        <span id="live-note" role="status" />
      </div>
      <nav aria-label="Pages">
        <ul>
          {SECTIONS.map(([section, name, href]) => (
            <li>
              <a href={href} aria-current={section === props.section ? "page" : undefined}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <search>
        <form action={`${BASE}/search`} method="get">
          <label class="hidden" for="q">
            Trace a delivery, validation, pull request or commit
          </label>
          <input
            id="q"
            name="q"
            type="search"
            value={props.asked ?? ""}
            placeholder="owner/repo#12, URL, GUID, SHA"
            autocomplete="off"
            spellcheck={false}
            maxlength={400}
          />
          <button type="submit">Trace</button>
        </form>
      </search>
    </header>
  );
};
