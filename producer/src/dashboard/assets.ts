/** Scripts, styles and the icon. They hold no data, so they are public and cached forever. */
import idiomorph from "idiomorph/dist/idiomorph.min.js";
import uplot from "uplot/dist/uPlot.iife.min.js";
import uplotStyle from "uplot/dist/uPlot.min.css";
import app from "./assets/app.js";
import badgeStyle from "./assets/badge.css";
import baseStyle from "./assets/base.css";
import formStyle from "./assets/form.css";
import icon from "./assets/icon.svg";
import nowStyle from "./assets/now.css";
import plotsStyle from "./assets/plots.css";
import plots from "./assets/plots.js";
import runStyle from "./assets/run.css";
import tableStyle from "./assets/table.css";
import themeStyle from "./assets/theme.css";
import topStyle from "./assets/top.css";
import validationStyle from "./assets/validation.css";
import { BASE } from "./parts/link.ts";

const SCRIPT = "text/javascript; charset=utf-8";
const STYLE = "text/css; charset=utf-8";

const style = [
  themeStyle,
  baseStyle,
  topStyle,
  badgeStyle,
  tableStyle,
  formStyle,
  nowStyle,
  plotsStyle,
  validationStyle,
  runStyle,
].join("\n");

const FILES: ReadonlyMap<string, readonly [type: string, text: string]> = new Map([
  ["app.js", [SCRIPT, app]],
  ["idiomorph.js", [SCRIPT, idiomorph]],
  ["plots.js", [SCRIPT, plots]],
  ["uplot.js", [SCRIPT, uplot]],
  ["uplot.css", [STYLE, uplotStyle]],
  ["style.css", [STYLE, style]],
  ["icon.svg", ["image/svg+xml", icon]],
]);

const YEAR_SECONDS = 31_536_000;

/** Changes if any of the files changes, so the content of a path never does. */
export const ASSET_VERSION = versionOf([...FILES.values()].map(([, text]) => text).join("\0"));

/** @param base where they are served: also beside the pages of runs, since a login may stand before the dashboard */
export const assetPath = (name: string, base = BASE): string => `${base}/assets/${ASSET_VERSION}/${name}`;

/** @returns undefined if the file is unknown or of another version */
export function asset(version: string, name: string): Response | undefined {
  const file = FILES.get(name);
  if (file === undefined || version !== ASSET_VERSION) return undefined;
  const [type, text] = file;
  const headers = {
    "content-type": type,
    "cache-control": `public, max-age=${YEAR_SECONDS}, immutable`,
    // For clients that ask again anyway: a reload, or a cache that dropped the file.
    etag: `"${ASSET_VERSION}"`,
  };
  return new Response(text, { headers });
}

/** FNV-1a, 64 bits in two halves: distinguishes versions, but is not cryptographic. */
function versionOf(text: string): string {
  let low = 0x811c9dc5;
  let high = 0x01000193;
  for (let index = 0; index < text.length; index++) {
    low = Math.imul(low ^ text.charCodeAt(index), 0x01000193);
    high = Math.imul(high ^ text.charCodeAt(index), 0x85ebca6b);
  }
  return [low, high].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
}
