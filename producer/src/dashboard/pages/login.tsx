/** Pages for people who are not signed in. They reveal nothing about the gateway. */
import type { Child } from "hono/jsx";
import { assetPath } from "../assets.ts";
import { BASE, paths } from "../parts/link.ts";

interface OutsideProps {
  readonly title: string;
  /** The address that the browser asks for at once. */
  readonly onward?: string;
  readonly children: Child;
}

const OutsidePage = ({ title, onward, children }: OutsideProps) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      {onward !== undefined && <meta http-equiv="refresh" content={`0; url=${onward}`} />}
      <title>{`${title} · webhook-gateway`}</title>
      <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg")} />
      <link rel="stylesheet" href={assetPath("style.css")} />
    </head>
    <body>
      <main id="main" class="outside">
        <h1>{title}</h1>
        {children}
      </main>
    </body>
  </html>
);

/** @param props.next the page to go to afterwards */
export const LoginPage = ({ next, problem }: { readonly next: string; readonly problem?: string }) => (
  <OutsidePage title="Sign in">
    <form class="login" method="post" action={paths.login()}>
      {problem !== undefined && (
        <p class="error" role="alert" id="problem">
          {problem}
        </p>
      )}
      <label for="token">Token</label>
      <input
        id="token"
        name="token"
        type="password"
        autocomplete="current-password"
        required
        autofocus
        aria-describedby={problem === undefined ? undefined : "problem"}
      />
      <input type="hidden" name="next" value={next} />
      <button type="submit">Sign in</button>
    </form>
    <p class="muted">An operator of this gateway can give you a token.</p>
  </OutsidePage>
);

/** Leads to another page from this site. */
export const OnwardPage = ({ path }: { readonly path: string }) => (
  <OutsidePage title="Signing in" onward={path}>
    <p>
      <a href={path}>Continue</a>
    </p>
  </OutsidePage>
);

export const RefusedPage = ({ title, message }: { readonly title: string; readonly message: string }) => (
  <OutsidePage title={title}>
    <p>{message}</p>
    <p>
      <a href={BASE}>Try again</a>
    </p>
  </OutsidePage>
);
