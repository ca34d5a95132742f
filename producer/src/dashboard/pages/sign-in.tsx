/** Shown if the browser's password prompt was dismissed. It reveals nothing about the gateway. */
import { assetPath } from "../assets.ts";
import { BASE } from "../parts/link.ts";

export const SignInPage = ({ title, message }: { readonly title: string; readonly message: string }) => (
  <html lang="en">
    <head>
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <meta name="color-scheme" content="light dark" />
      <title>{`${title} · webhook-gateway`}</title>
      <link rel="icon" type="image/svg+xml" href={assetPath("icon.svg")} />
      <link rel="stylesheet" href={assetPath("style.css")} />
    </head>
    <body>
      <main id="main">
        <h1>{title}</h1>
        <p>{message}</p>
        <p>
          <a href={BASE}>Try again</a>
        </p>
      </main>
    </body>
  </html>
);
