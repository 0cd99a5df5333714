// What is being written survives reloads, log-out and a dead desk. Each pause it goes to the desk,
// which keeps it sealed; what has not arrived there yet stays in this browser meanwhile.
const WAIT = 250;
const SETTLED = 700;
const PATIENCE = 5000; // a reply waits for its draft no longer
const LATE = 10000; // what was asked for before a draft arrived comes no later
let leaving = false;
addEventListener("beforeunload", () => { leaving = true; });

const keyOf = (form) => {
  const agent = document.getElementById("panes")?.dataset.agent ?? "";
  const number = form.closest("[data-number]")?.dataset.number ?? "";
  return `draft:${agent}:${number}:${form.dataset.draft}`;
};

const read = (key) => { try { return localStorage.getItem(key) ?? ""; } catch { return ""; } };
const write = (key, text) => {
  try { text ? localStorage.setItem(key, text) : localStorage.removeItem(key); } catch { /* full, or private */ }
};

/** What has just arrived at the desk, while another page or the same ticket was asked for already:
 *  that may know nothing of it. It is of use for moments, and goes when it is looked at. */
function justArrived(key) {
  const [, at, text] = read(`${key}:arrived`).match(/^(\d+) ([^]*)$/) ?? [];
  write(`${key}:arrived`, "");
  return Date.now() - at < LATE ? text : "";
}

/** Nobody came to look. */
function tidy() {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith("draft:") && key.endsWith(":arrived") && !(Date.now() - parseInt(read(key), 10) < LATE)) localStorage.removeItem(key);
  } catch { /* private */ }
}
tidy();

/** Says something beside the buttons of a form. */
export function say(form, word, wrong = false) {
  const place = form.querySelector(".saved");
  if (!place) return;
  place.textContent = word ? place.dataset[word] ?? "" : "";
  place.classList.toggle("wrong", wrong);
}

/** Says why a text was not sent: in the words of the page that came instead, where there are some,
 *  with its way to sign in again. */
export function refuse(form, page) {
  say(form, "lost", true);
  const told = page?.querySelector(".lone .notice, .lone p.muted");
  const place = form.querySelector(".saved");
  if (!told || !place) return;
  place.textContent = told.textContent;
  const way = page.querySelector("#signed-out a");
  if (way) place.append(" ", document.adoptNode(way));
}

const bodyOf = (form, text) => {
  const body = new FormData();
  body.set("csrf", form.elements.csrf.value);
  body.set("kind", form.dataset.draft);
  body.set("text", text);
  return body;
};

/** Brings back what was written before and keeps what is written from now on. */
export function keep(form) {
  const area = form.querySelector("textarea");
  const place = form.closest("[data-drafts]").dataset.drafts;
  const key = keyOf(form);
  let pause = 0;
  let settle = 0;
  let kept = area.dataset.begun === undefined ? "" : area.value;
  let under = Promise.resolve(); // one after the other: a slow one must not overtake what is newer
  const late = justArrived(key);
  const left = read(key) || (area.dataset.begun === undefined ? late : "");
  if (left && (!area.value || area.dataset.begun !== undefined) && left !== area.value) area.value = left;
  if (area.value && (left || area.dataset.begun !== undefined)) {
    say(form, "back");
    form.closest("details").open = true;
  }
  const post = async () => {
    const text = area.value;
    if (text === kept) { write(key, ""); return; }
    const signal = AbortSignal.timeout(PATIENCE);
    const answer = await fetch(place, { method: "POST", body: bodyOf(form, text), signal });
    if (!answer.ok) return;
    kept = text;
    if (area.value !== text) return;
    if (text && (leaving || !form.isConnected)) write(`${key}:arrived`, `${Date.now()} ${text}`);
    write(key, "");
    say(form, text ? "saved" : "");
  };
  const bring = () => {
    clearTimeout(settle);
    under = under.then(post).catch(() => { /* it stays in this browser until the desk is back */ });
  };
  area.addEventListener("input", () => {
    clearTimeout(pause);
    clearTimeout(settle);
    pause = setTimeout(() => write(key, area.value), WAIT);
    settle = setTimeout(bring, SETTLED);
  });
  form.keepNow = () => {
    if (area.value === kept) return;
    clearTimeout(pause);
    write(key, area.value);
    bring();
  };
  form.leave = () => {
    if (area.value === kept) return;
    clearTimeout(pause);
    clearTimeout(settle);
    write(key, area.value);
    navigator.sendBeacon?.(place, bodyOf(form, area.value));
  };
  form.settled = async () => { clearTimeout(pause); clearTimeout(settle); write(key, area.value); await under; };
  form.forget = () => { clearTimeout(pause); clearTimeout(settle); kept = area.value; write(key, ""); };
  if (left) settle = setTimeout(bring, SETTLED);
}

/** Keeps everything at once: another ticket is about to be opened. */
export function keepAll() {
  for (const form of document.querySelectorAll("form[data-draft]")) form.keepNow?.();
}

/** Keeps everything at once: the page is about to go. */
export function leaveAll() {
  for (const form of document.querySelectorAll("form[data-draft]")) form.leave?.();
}
