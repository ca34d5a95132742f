/**
 * Makes one element like another with as few changes as it takes, so that what has the focus keeps it, what was
 * scrolled stays, and nothing flickers. Children are told apart by `data-key` or `id` where they have one.
 */

/** @param {Element} from the element on the page @param {Element} to what it becomes */
export function morph(from, to) {
  if (from.isEqualNode(to)) return;
  morphAttributes(from, to);
  // A script of the page owns what is in it.
  if (!from.hasAttribute("data-keep")) morphChildren(from, to);
}

/** Whether it is open, or marked, is the reader's. */
const OWN = new Map([
  ["DETAILS", new Set(["open"])],
  ["LABEL", new Set(["hidden"])],
]);

function morphAttributes(from, to) {
  const own = OWN.get(from.tagName);
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !own?.has(name)) from.removeAttribute(name);
  }
  for (const { name, value } of to.attributes) {
    if (from.getAttribute(name) !== value && !own?.has(name)) from.setAttribute(name, value);
  }
}

function morphChildren(from, to) {
  const keyed = new Map([...from.children].map((child) => [keyOf(child), child]));
  let cursor = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const key = keyOf(wanted);
    const match = key === undefined ? cursor : keyed.get(key);
    if (match === undefined || match === null || !alike(match, wanted)) {
      from.insertBefore(document.importNode(wanted, true), cursor);
      continue;
    }
    if (match === cursor) cursor = cursor.nextSibling;
    else from.insertBefore(match, cursor);
    if (match.nodeType === Node.ELEMENT_NODE) morph(match, wanted);
    else if (match.nodeValue !== wanted.nodeValue) match.nodeValue = wanted.nodeValue;
  }
  while (cursor !== null) {
    const next = cursor.nextSibling;
    cursor.remove();
    cursor = next;
  }
}

const keyOf = (node) => node.dataset?.key ?? (node.id || undefined);

const alike = (one, other) => one.nodeName === other.nodeName && keyOf(one) === keyOf(other);
