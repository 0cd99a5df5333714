// Fetching and exchanging parts of a page. The browser parses them as a document of its own, in
// which nothing runs, so no text ever becomes markup through a script.

/** GET or POST, answered with {status, document, address}; throws when the desk is out of reach. */
export function ask(address, { part = "1", body = null } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", address);
    request.responseType = "document";
    request.timeout = 20000;
    if (part) request.setRequestHeader("X-Part", part);
    request.onload = () => resolve({
      status: request.status,
      document: request.response,
      address: request.responseURL,
    });
    request.onerror = request.ontimeout = () => reject(new Error("unreachable"));
    request.send(body);
  });
}

/** What finds a control again in a fresher copy of its part. */
function selectorOf(node) {
  if (node.id) return `#${CSS.escape(node.id)}`;
  const like = (one, name) => (one.hasAttribute(name) ? `[${name}="${CSS.escape(one.getAttribute(name))}"]` : "");
  const form = node.closest("form");
  const own = `${node.localName}${like(node, "href")}${like(node, "name")}${like(node, "value")}`;
  return form ? `form${like(form, "data-act") || like(form, "action")} ${own}` : own;
}

/** Puts the element of the same id from another document in place of ours; the new one. Whoever
 *  stood on a control in it stands on the same one after, or else on the title of the ticket. */
export function exchange(from, id) {
  const old = document.getElementById(id);
  const fresh = from && from.getElementById(id);
  if (!old || !fresh) return null;
  const adopted = document.adoptNode(fresh);
  const held = old.contains(document.activeElement) ? document.activeElement : null;
  const wanted = held && held !== old ? selectorOf(held) : "";
  const at = wanted ? [...old.querySelectorAll(wanted)].indexOf(held) : 0;
  old.replaceWith(adopted);
  if (!held) return adopted;
  const same = wanted ? [...adopted.querySelectorAll(wanted)] : [adopted];
  (same[at] ?? same[0] ?? document.getElementById("pane-title"))?.focus({ preventScroll: true });
  return adopted;
}

/** What finds a form again, whatever its address says of the page it stood on. */
function formOf(form) {
  const action = CSS.escape(form.getAttribute("action").split("?")[0]);
  return `form[action="${action}"], form[action^="${action}?"]`;
}

const listOf = (list) => [list.localName, ...list.classList].join(".");

/** Where a control stands within a part of the page, to be found again in what comes back. */
export function whereabouts(node, within) {
  const form = node.closest("form");
  const item = node.closest("ul > li");
  return {
    path: location.pathname,
    own: selectorOf(node),
    at: [...within.querySelectorAll(selectorOf(node))].indexOf(node),
    form: form ? formOf(form) : "",
    section: node.closest("section")?.getAttribute("aria-labelledby") ?? "",
    row: item && { list: listOf(item.parentElement), at: [...item.parentElement.children].indexOf(item) },
  };
}

const CONTROLS = "button, summary, select, input:not([type=hidden]), textarea, a";
const first = (part) => [...(part?.querySelectorAll(CONTROLS) ?? [])].find((one) => one.checkVisibility());

/** Stands there again: on the same control, or what its form has now, or the same place of its
 *  list, or the title of its section; whether any of them is there. */
export function standAgain(within, left, how) {
  const same = [...within.querySelectorAll(left.own)];
  const form = left.form ? within.querySelector(left.form) : null;
  const list = left.row && left.path === location.pathname ? within.querySelector(left.row.list) : null;
  const row = form?.closest("li") ?? list?.children[Math.min(left.row.at, list.children.length - 1)];
  const there = [same[left.at] ?? same[0], first(form), first(row)].find((one) => one?.checkVisibility());
  if (there) there.focus(how);
  return Boolean(there) || stand(document.getElementById(left.section));
}

/** On words: whoever goes on by keys goes on from there. */
export function stand(words) {
  if (!words) return false;
  words.tabIndex = -1;
  words.focus();
  return true;
}
