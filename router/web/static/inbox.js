// The inbox: opens tickets beside the list, keeps list and ticket fresh without moving what is
// being read, and does everything by keyboard. Without it every link and form works by itself.
import { ask, exchange } from "./parts.js";
import { keep, keepAll, say } from "./drafts.js";
import { enable, enabled, listen } from "./keys.js";

const EVERY = 60000;
const SETTLE = 150;
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
const narrow = () => matchMedia("(max-width: 699px)").matches;

root.classList.add("scripted");
let current = null;   // the line the keys stand on
let pending = null;   // a fresher list than the one shown
let opening = 0;

// ------------------------------------------------------------ the list

const linkOf = (line) => line?.querySelector("a") ?? null;
const allLines = () => [...document.querySelectorAll("#lines > .line")];
const numberOf = (address) => new URL(address, location.href).pathname.match(/^\/ticket\/([^/]+)$/)?.[1] ?? "";
const shownNumber = () => $("pane")?.dataset.number ?? "";
const listAddress = () => `/?${$("list").dataset.at}`;

function stand(line, focus = true) {
  if (!line) return false;
  current = line.id;
  if (focus) linkOf(line).focus({ preventScroll: true });
  line.scrollIntoView({ block: "nearest" });
  return true;
}

function step(by) {
  const lines = allLines();
  if (!lines.length) return false;
  const at = lines.findIndex((line) => line.id === (current ?? `line-${shownNumber()}`));
  const next = at < 0 ? (by > 0 ? 0 : lines.length - 1) : Math.min(Math.max(at + by, 0), lines.length - 1);
  return stand(lines[next]);
}

function markCurrent() {
  const number = shownNumber();
  for (const line of allLines()) {
    const link = linkOf(line);
    if (line.id === `line-${number}`) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

async function more(link) {
  const answer = await ask(link.href, { part: "rows" }).catch(() => null);
  const rows = answer?.document?.getElementById("lines");
  if (!rows) { location.assign(link.href); return; }
  const first = rows.firstElementChild;
  $("lines").append(...[...rows.children].map((row) => document.adoptNode(row)));
  const next = answer.document.getElementById("more");
  next ? $("more").replaceWith(document.adoptNode(next)) : $("more").remove();
  $("scroller").dataset.long = "yes";
  stand(first);
}

/** Exchanges the whole list; on demand only. */
function takeFresh() {
  if (!pending) return false;
  const top = $("scroller").scrollTop;
  exchange(pending, "list");
  pending = null;
  tend($("list"));
  markCurrent();
  $("scroller").scrollTop = Math.min(top, 0);
  stand(allLines()[0]);
  return true;
}

/** Puts fresh words into the lines shown, and says how many more there are. */
function blend(fresh) {
  const shown = new Set(allLines().map((line) => line.id));
  const coming = [...fresh.querySelectorAll("#lines > .line")];
  const there = new Map(coming.map((line) => [line.id, line]));
  const fresher = coming.filter((line) => !shown.has(line.id));
  const focused = document.activeElement?.closest?.(".line")?.id;
  for (const line of allLines()) {
    const other = there.get(line.id);
    if (!other) {
      if (!$("scroller").dataset.long) line.classList.add("gone");
      continue;
    }
    line.classList.remove("gone");
    if (line.textContent !== other.textContent || line.className !== other.className) {
      const copy = document.importNode(other, true);
      line.replaceWith(copy);
      if (copy.id === focused) linkOf(copy).focus({ preventScroll: true });
    }
  }
  markCurrent();
  if (!fresher.length) { $("fresh").hidden = true; pending = null; return; }
  pending = fresh;
  const button = $("take-fresh");
  const alarm = fresher.some((line) => line.classList.contains("security"));
  const words = (alarm ? button.dataset.alarm : button.dataset.words).replace("%", fresher.length);
  $("fresh").classList.toggle("alarm", alarm);
  if (button.textContent !== words) { button.textContent = words; $("said").textContent = words; }
  $("fresh").hidden = false;
}

async function refresh() {
  const answer = await ask(listAddress()).catch(() => null);
  if (answer?.status !== 200 || !answer.document.getElementById("list")) return;
  const here = document.activeElement?.closest?.("#views a")?.getAttribute("href");
  exchange(answer.document, "views");
  if (here) document.querySelector(`#views a[href="${CSS.escape(here)}"]`)?.focus();
  if (!document.querySelector("#lines > .line") && !document.activeElement?.closest?.("#list")) {
    exchange(answer.document, "list");
    tend($("list"));
    return;
  }
  blend(answer.document);
  await refreshTicket();
}

// ------------------------------------------------------------ the ticket

function showPane(from, { focus = true } = {}) {
  const pane = from.getElementById("pane");
  if (!pane) return false;
  $("ticket").replaceChildren(document.adoptNode(pane));
  document.body.classList.add("reading");
  document.title = pane.dataset.title;
  tendPane();
  markCurrent();
  toNewest();
  if (focus) $("pane-title").focus({ preventScroll: true });
  return true;
}

async function open(address, { push = true, focus = true } = {}) {
  keepAll();
  const turn = ++opening;
  const answer = await ask(address).catch(() => null);
  if (turn !== opening) return;
  if (answer?.status !== 200 || !showPane(answer.document, { focus })) { location.assign(address); return; }
  if (push) history.pushState({}, "", address);
  if (narrow()) scrollTo(0, 0);
}

const newestMessage = () => [...$("conversation").querySelectorAll(".message:not(.auto)")].at(-1);

/** The newest message in sight, as one opens a letter at its last page. */
function toNewest() {
  const place = $("conversation");
  const last = newestMessage();
  if (!last || narrow()) return;
  const box = getComputedStyle($("pane-body")).overflowY === "auto" ? $("pane-body") : place;
  const top = last.getBoundingClientRect().top - box.getBoundingClientRect().top;
  const room = box.clientHeight;
  if (top + last.offsetHeight > room) box.scrollTop = top - 16;
}

/** Fresh conversation and facts around a composer that nobody touches. */
async function refreshTicket() {
  const pane = $("pane");
  if (!pane || new URL(location.href).searchParams.has("before")) return;
  const answer = await ask(location.pathname + location.search).catch(() => null);
  const fresh = answer?.document?.getElementById("pane");
  if (!fresh || fresh.dataset.number !== shownNumber()) return;
  if (fresh.dataset.stamp === pane.dataset.stamp) { exchange(answer.document, "pane-head"); return; }
  if (pane.contains(document.activeElement) && document.activeElement.closest("#about")) return;
  const place = $("conversation");
  const top = place.scrollTop;
  const opened = new Set([...place.querySelectorAll("details[open]")].map(pathOf));
  pane.dataset.stamp = fresh.dataset.stamp;
  for (const id of ["pane-head", "conversation", "about"]) exchange(answer.document, id);
  for (const one of $("conversation").querySelectorAll("details")) if (opened.has(pathOf(one))) one.open = true;
  $("conversation").scrollTop = top;
  tendFields();
}

const pathOf = (details) => `${details.closest("[id]")?.id} ${details.className}`;

function tendPane() {
  for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
  tendFields();
}

function tendFields() {
  for (const select of document.querySelectorAll(".field select")) {
    const start = select.value;
    select.addEventListener("change", () => select.closest(".field").classList.toggle("changed", select.value !== start));
  }
}

function write(kind) {
  const details = $(`compose-${kind}`);
  if (!details) return false;
  details.open = true;
  const area = details.querySelector("textarea");
  area.focus({ preventScroll: true });
  area.scrollIntoView({ block: "nearest" });
  return true;
}

function press(act) {
  const form = document.querySelector(`#pane-head form[data-act="${act}"]`);
  if (!form) return false;
  form.requestSubmit();
  return true;
}

function unfold() {
  const all = [...document.querySelectorAll("#conversation details")];
  const to = !all.some((one) => one.open);
  for (const one of all) one.open = to;
  return all.length > 0;
}

async function submit(form, button) {
  const body = new FormData(form, button ?? undefined);
  const buttons = form.querySelectorAll("button");
  buttons.forEach((one) => { one.disabled = true; });
  form.keepNow?.();
  say(form, "sending");
  const answer = await ask(form.action, { body }).catch(() => null);
  buttons.forEach((one) => { one.disabled = false; });
  if (!answer?.document || (answer.status >= 400 && !answer.document.getElementById("pane"))) {
    if (form.dataset.draft) say(form, "lost", true);
    else location.reload();
    return;
  }
  const done = answer.status === 200;
  if (done) form.forget?.();
  keepAll();
  if (!showPane(answer.document, { focus: false })) { location.assign(answer.address); return; }
  if (done) $("pane-title").focus({ preventScroll: true });
  else { $("refused")?.scrollIntoView({ block: "nearest" }); tellRefusal(); }
  refresh();
}

function tellRefusal() {
  const area = document.querySelector(".compose[open] textarea");
  area?.focus();
}

// ------------------------------------------------------------ whatever happens

function tend(list) {
  list?.querySelector("#take-fresh")?.addEventListener("click", takeFresh);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest?.("a");
  if (!link) return;
  if (link.closest("#more")) { event.preventDefault(); more(link); return; }
  if (link.closest(".line")) {
    event.preventDefault();
    stand(link.closest(".line"), false);
    open(link.href);
  }
});

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post" || !form.closest("#pane") || "leaves" in form.dataset) return;
  event.preventDefault();
  submit(form, event.submitter);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.closest?.("form[data-draft]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector(".send"));
});

// What is being answered stays in sight when the page opens to write.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.(".compose[open]") && !narrow()) newestMessage()?.scrollIntoView({ block: "nearest" });
}, true);

addEventListener("popstate", () => {
  if (numberOf(location.href)) open(location.href, { push: false });
  else location.reload();
});
addEventListener("pagehide", keepAll);
document.addEventListener("visibilitychange", () => { if (document.hidden) keepAll(); });

let waiting = 0;
const later = () => { clearTimeout(waiting); waiting = setTimeout(refresh, SETTLE); };
document.addEventListener("desk-changed", later);
setInterval(() => { if (!document.hidden) refresh(); }, EVERY);

const go = (view) => () => { location.assign(`/?view=${view}`); };
const keysPanel = $("keys");
const openCurrent = (event) => {
  if (event.key === "Enter" && event.target !== document.body && !event.target.closest?.("#scroller, #pane-title")) return false;
  if (event.target.closest?.("a, button, summary") && event.key === "Enter") return false;
  const line = $(current ?? "") ?? allLines()[0];
  const link = linkOf(line);
  if (!link) return false;
  open(link.href);
  return true;
};
listen({
  j: () => step(1),
  k: () => step(-1),
  Enter: openCurrent,
  o: openCurrent,
  r: () => write("reply"),
  n: () => write("note"),
  a: () => press("assign"),
  e: () => press("end"),
  x: unfold,
  ".": takeFresh,
  "/": () => { $("q").focus(); $("q").select(); },
  "?": () => keysPanel.showModal(),
  "g s": go("security"), "g u": go("unsorted"), "g m": go("mine"), "g n": go("unassigned"),
  "g o": go("open"), "g w": go("waiting"), "g c": go("closed"), "g a": go("all"), "g p": go("parked"),
  "g b": () => location.assign("/outbox"),
});

const switchBox = $("keys-on");
switchBox.checked = enabled();
switchBox.addEventListener("change", () => enable(switchBox.checked));

tend($("list"));
tendPane();
if ($("pane")) {
  toNewest();
  document.getElementById(`line-${shownNumber()}`)?.scrollIntoView({ block: "nearest" });
  current = `line-${shownNumber()}`;
}
