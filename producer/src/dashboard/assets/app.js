/**
 * Refreshes a page: fetches it every few seconds and updates what has changed. It pauses while the page is hidden, while a
 * form is being filled in, and while text is selected. It shows a message only if it fails.
 */
/* global Idiomorph */
import { drawPlots } from "./plots.js";

const main = document.getElementById("main");
const foot = document.getElementById("foot");
const button = document.getElementById("live");
const note = document.getElementById("live-note");
/** How often; NaN if never. A page may say so with a refresh: what it shows has ended. */
const secondsBetween = () => Number(main.dataset.refresh);

const REQUEST_MS = 10_000;
const LONGEST_WAIT_MS = 60_000;

let paused = false;
let failures = 0;
let timer;
const sent = new Set();

/** Somebody is reading or typing here: what they see must not move. */
function isInUse() {
  const selection = getSelection();
  if (selection !== null && !selection.isCollapsed && main.contains(selection.anchorNode)) return true;
  if (document.activeElement?.closest("main form")) return true;
  return [...main.querySelectorAll("form")].some(isFilledIn);
}

/** Whether the page must not change now. Updates the button. */
function isHeld() {
  const state = paused ? "paused" : isInUse() ? "held" : "live";
  if (button.dataset.state !== state) {
    button.dataset.state = state;
    button.textContent = LABELS[state];
  }
  return state !== "live" || document.hidden;
}

const LABELS = { live: "Live", paused: "Paused", held: "Paused while in use" };

const isFilledIn = (form) =>
  [...form.elements].some((field) => {
    if (field.type === "checkbox") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return field.selectedIndex !== Math.max(0, defaultIndex(field));
    return field.tagName === "INPUT" && field.type !== "hidden" && field.value !== field.defaultValue;
  });

const defaultIndex = (select) => [...select.options].findIndex((option) => option.defaultSelected);

async function refresh() {
  if (isHeld()) return;
  try {
    const response = await fetch(location.href, {
      cache: "no-store",
      // A user who was signed out meanwhile gets the login form instead of a challenge.
      headers: { accept: "text/html" },
      signal: AbortSignal.timeout(REQUEST_MS),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    if (!isHeld()) update(new DOMParser().parseFromString(text, "text/html"));
    failures = 0;
    showNote("");
  } catch (thrown) {
    failures++;
    // Leaving the page also ends the request, and a single failure is normal.
    if (failures > 1) showNote(`Not up to date: ${thrown.message}`);
  }
}

function update(next) {
  const wanted = next.getElementById("main");
  // After a deployment the scripts have changed.
  if (wanted === null || scriptOf(next) !== scriptOf(document)) return location.reload();
  Idiomorph.morph(main, wanted, KEEP);
  Idiomorph.morph(foot, next.getElementById("foot"), KEEP);
  document.title = next.title;
  prepare();
}

const KEEP = {
  callbacks: {
    // A script of the page owns what is in it.
    beforeNodeMorphed: (from) => !from.dataset || !("keep" in from.dataset),
    // Whether it is open is up to the reader.
    beforeAttributeUpdated: (name, node) => !(node.tagName === "DETAILS" && name === "open"),
  },
};

const scriptOf = (page) => page.querySelector("script[type=module]")?.getAttribute("src");

function showNote(text) {
  if (note.textContent !== text) note.textContent = text;
}

async function tick() {
  await refresh();
  const seconds = secondsBetween();
  button.hidden = !(seconds > 0);
  if (button.hidden) return;
  const wait = seconds * 1000 * 2 ** Math.min(failures, 5);
  timer = setTimeout(tick, Math.min(wait, Math.max(LONGEST_WAIT_MS, seconds * 1000)));
}

function now() {
  clearTimeout(timer);
  void tick();
}

/** What scripts add to the page. */
function prepare() {
  drawPlots();
  for (const all of main.querySelectorAll("[data-select-all]")) {
    all.closest("label").hidden = false;
    all.onchange = () => {
      for (const one of all.form.querySelectorAll("input[name=id]")) one.checked = all.checked;
    };
  }
}

/** Shows the notice only once. */
function forgetNotice() {
  const address = new URL(location.href);
  if (!address.searchParams.has("notice")) return;
  address.searchParams.delete("notice");
  history.replaceState(history.state, "", address);
}

/** Sends a form only once, even after several clicks. */
addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  if (sent.has(event.target)) event.preventDefault();
  sent.add(event.target);
});
addEventListener("pageshow", () => sent.clear());

prepare();
forgetNotice();
if (secondsBetween() > 0) {
  button.hidden = false;
  button.addEventListener("click", () => {
    paused = !paused;
    if (!isHeld()) now();
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) now();
  });
  timer = setTimeout(tick, secondsBetween() * 1000);
}
