// The inbox: opens tickets beside the list, keeps list and ticket fresh without moving what is
// being read, and does everything by keyboard. Without it every link and form works by itself.
import { ask, exchange, standAgain, whereabouts } from "./parts.js";
import { keep, keepAll, leaveAll, refuse, say } from "./drafts.js";
import { enable, enabled, hold, listen } from "./keys.js";
import { offer } from "./snippets.js";
import { sit } from "./seats.js";
import * as alerts from "./alerts.js";

const EVERY = 60000;
const SETTLE = 150;
const root = document.documentElement;
const $ = (id) => document.getElementById(id);
const narrow = () => matchMedia("(max-width: 699px)").matches;

root.classList.add("scripted");
let current = null;   // the line the keys stand on
let pending = null;   // a fresher list than the one shown
let opening = 0;
let under = null;     // what is being sent
let waitingCount = 0;  // how many came in that the list does not show yet

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

/** Steps to a line; beyond the last one those are fetched that the list does not show yet. */
async function step(by) {
  const lines = allLines();
  if (!lines.length) return false;
  const at = lines.findIndex((line) => line.id === (current ?? `line-${shownNumber()}`));
  const further = by > 0 && at === lines.length - 1 ? document.querySelector("#more a") : null;
  if (further) { await hold(more(further)); return allLines().length > lines.length; }
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
  if (!rows) { location.assign(link.href); return false; }
  const first = rows.firstElementChild;
  $("lines").append(...[...rows.children].map((row) => document.adoptNode(row)));
  const next = answer.document.getElementById("more");
  next ? $("more").replaceWith(document.adoptNode(next)) : $("more").remove();
  $("scroller").dataset.long = "yes";
  return stand(first);
}

/** Exchanges the whole list; on demand only. */
function takeFresh() {
  if (!pending) return false;
  const top = $("scroller").scrollTop;
  const chosen = new Set([...document.querySelectorAll("#lines .pick:checked")].map((box) => box.value));
  exchange(pending, "list");
  for (const box of document.querySelectorAll("#lines .pick")) box.checked = chosen.has(box.value);
  pending = null;
  alerts.count(waitingCount = 0);
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
      if (!$("scroller").dataset.long) leave(line);
      continue;
    }
    line.classList.remove("gone");
    if (line.textContent !== other.textContent || line.className !== other.className) {
      const copy = document.importNode(other, true);
      copy.querySelector(".pick").checked = line.querySelector(".pick").checked;
      line.replaceWith(copy);
      if (copy.id === focused) linkOf(copy).focus({ preventScroll: true });
    }
  }
  markCurrent();
  alerts.count(waitingCount = fresher.length);
  if (!fresher.length) { $("fresh").hidden = true; pending = null; return; }
  pending = fresh;
  const button = $("take-fresh");
  const alarm = fresher.some((line) => line.classList.contains("security"));
  const words = (alarm ? button.dataset.alarm : button.dataset.words).replace("%", fresher.length);
  $("fresh").classList.toggle("alarm", alarm);
  if (button.textContent !== words) {
    button.textContent = words;
    $("said").textContent = words;
    if (!alarm) alerts.tell(words, alerts.matters(fresher), false);
  }
  $("fresh").hidden = false;
}

/** A line that is here no more says only what it is: what was due or begun of it is over. */
function leave(line) {
  line.classList.add("gone");
  for (const one of line.querySelectorAll(".l-due, .l-draft, .l-seat")) one.remove();
}

const ofSecurity = () => Number(document.querySelector(".view-security .count")?.textContent ?? 0);

/** So many security tickets wait now; one more is told wherever its reader looks. */
function alarm(n) {
  const link = document.querySelector(".view-security a");
  const more = n - ofSecurity();
  if (!link || !more) return;
  const count = link.querySelector(".count") ?? link.appendChild(document.createElement("span"));
  count.className = "count";
  count.textContent = n || "";
  if (more > 0) alerts.tell(link.querySelector(".name").textContent, `+${more}`, true);
}

async function refresh() {
  const answer = await ask(listAddress()).catch(() => null);
  if (answer?.status !== 200 || !answer.document.getElementById("list")) return;
  const alarms = ofSecurity();
  for (const id of ["views", "unread"]) exchange(answer.document, id);
  if (ofSecurity() > alarms) alerts.tell(document.querySelector(".view-security .name").textContent, `+${ofSecurity() - alarms}`, true);
  if (!document.querySelector("#lines > .line") && !document.activeElement?.closest?.("#list")) {
    exchange(answer.document, "list");
    tend($("list"));
    await refreshTicket();
    return;
  }
  blend(answer.document);
  await refreshTicket();
}

// ------------------------------------------------------------ finding while somebody types

const TYPED = 250;
let typed = 0;
let asking = 0;

async function find(box) {
  const turn = ++asking;
  const form = box.form;
  const address = `/?${new URLSearchParams(new FormData(form))}`;
  const answer = await ask(address).catch(() => null);
  const fresh = answer?.document?.getElementById("list");
  if (turn !== asking || answer?.status !== 200 || !fresh) return;
  $("list").dataset.at = fresh.dataset.at;
  const head = document.querySelector(".list-head");
  takeHead(head, fresh.querySelector(".list-head"));
  for (const id of ["scroller", "bulk", "views"]) exchange(answer.document, id);
  pending = null;
  current = null;
  tend($("list"));
  markCurrent();
  history.replaceState({}, "", `${location.pathname}?${fresh.dataset.at}`);
}

/** All that says what is looked for, but what is being typed in: that stays under the hand. */
function takeHead(head, fresh) {
  const rest = (one) => [...one.children].filter((child) => !child.matches(".search, .new, .narrow"));
  rest(head).forEach((one) => one.remove());
  const narrow = head.querySelector(".narrowing");
  narrow.querySelector("[name=q]")?.remove();
  const words = fresh.querySelector(".narrowing [name=q]");
  if (words) narrow.prepend(document.adoptNode(words));
  head.append(...rest(fresh).map((one) => document.adoptNode(one)));
}

document.addEventListener("input", (event) => {
  if (event.target.id !== "q" || event.isComposing) return;
  clearTimeout(typed);
  typed = setTimeout(() => find(event.target), TYPED);
});
document.addEventListener("compositionend", (event) => {
  if (event.target.id === "q") { clearTimeout(typed); typed = setTimeout(() => find(event.target), TYPED); }
});

// ------------------------------------------------------------ the ticket

function showPane(from, { focus = true } = {}) {
  const pane = from.getElementById("pane");
  if (!pane) return false;
  $("ticket").replaceChildren(document.adoptNode(pane));
  document.body.classList.add("reading");
  document.title = pane.dataset.title;
  alerts.count(waitingCount);
  tendPane();
  markCurrent();
  toNewest();
  if (focus) $("pane-title").focus({ preventScroll: true });
  return true;
}

const open = (address, how) => hold(bring(address, how));

/** What is being sent is answered first; whoever was refused stays with what they wrote. */
async function bring(address, { push = true, focus = true } = {}) {
  keepAll();
  const turn = ++opening;
  if (under && !(await under) && push) return false;
  const answer = await ask(address).catch(() => null);
  if (turn !== opening) return false;
  if (answer?.status !== 200 || !showPane(answer.document, { focus })) { location.assign(address); return false; }
  if (push) history.pushState({}, "", address);
  if (narrow()) scrollTo(0, 0);
  return true;
}

const spoken = () => [...$("conversation").querySelectorAll(".message:not(.auto)")];
/** What the requester said last is what is read to answer it; a chat is read at its end. */
const newestMessage = () => ($("pane").dataset.channel === "chat" ? null : [...$("conversation").querySelectorAll(".message.in")].at(-1)) ?? spoken().at(-1);
const scrolling = () => (getComputedStyle($("pane-body")).overflowY === "auto" ? $("pane-body") : $("conversation"));

/** How far the newest message is from being in sight: to its end where there is room for all of
 *  it, or else from its beginning, as one opens a letter at its last page. */
function toGo() {
  const last = newestMessage();
  if (!last || narrow()) return 0;
  const seen = scrolling().getBoundingClientRect();
  const beyond = spoken().at(-1).getBoundingClientRect().bottom + 16 - seen.bottom;
  return beyond > 0 ? Math.min(beyond, last.getBoundingClientRect().top - 16 - seen.top) : 0;
}

function toNewest() { scrolling().scrollTop += toGo(); }

/** Fresh conversation and facts around a composer that nobody touches. */
async function refreshTicket() {
  const pane = $("pane");
  if (!pane || new URL(location.href).searchParams.has("before")) return;
  const answer = await ask(location.pathname + location.search).catch(() => null);
  const fresh = answer?.document?.getElementById("pane");
  if (!fresh || fresh.dataset.number !== shownNumber()) return;
  if (under || $("pane") !== pane) return;  // what is being done brings all of the ticket, and newer
  if ($("pane-head").querySelector("details[open]")) return;  // a menu is not taken from under a hand
  if (fresh.dataset.stamp === pane.dataset.stamp) { exchange(answer.document, "pane-head"); return; }
  if (pane.contains(document.activeElement) && document.activeElement.closest("#about")) return;
  const place = $("conversation");
  const top = place.scrollTop;
  const follows = toGo() < 24;
  const opened = new Set([...place.querySelectorAll("details[open]")].map(pathOf));
  pane.dataset.stamp = fresh.dataset.stamp;
  tellArrived(pane, fresh.dataset.heard);
  for (const id of ["pane-head", "offer", "conversation", "about"]) exchange(answer.document, id);
  for (const one of $("conversation").querySelectorAll("details")) if (opened.has(pathOf(one))) one.open = true;
  $("conversation").scrollTop = top;
  if (follows) toNewest();
  tendFields();
}

// What arrives while somebody writes is shown above their text; only when they had time to see it
// there does the reply count as written with it in front of them.
const TO_NOTICE = 2000;

function tellArrived(pane, heard) {
  const form = pane.querySelector("form[data-draft=reply]");
  if (!form || heard === pane.dataset.heard) return;
  pane.dataset.heard = heard;
  const notice = form.querySelector(".arrived");
  notice.hidden = false;
  form.arrived = { heard, at: performance.now() };
  if (form.closest("details").open) $("said").textContent = notice.textContent;
}

function takeNotice(form) {
  const told = form.arrived;
  if (told && form.elements.seen && performance.now() - told.at > TO_NOTICE) form.elements.seen.value = told.heard;
}

/** An offer to take a reply back ends when the reply leaves. */
function tendOffer() {
  clearTimeout(leaving);
  const left = Number($("offer")?.dataset.left ?? 0);
  if (left) leaving = setTimeout(() => {
    if ($("offer")?.contains(document.activeElement)) $("pane-title").focus({ preventScroll: true });
    $("offer")?.replaceChildren();
  }, left * 1000);
}
let leaving = 0;

const pathOf = (details) => `${details.closest("[id]")?.id} ${details.className}`;

function tendPane() {
  for (const form of document.querySelectorAll("form[data-draft]")) keep(form);
  const area = $("reply-text");
  if (area) offer(area, $("writing").dataset.snippets);
  if ($("pane")) sit();
  fold();
  tendFields();
}

function tendFields() {
  tendOffer();
  for (const select of document.querySelectorAll(".field select")) {
    const start = select.value;
    select.addEventListener("change", () => select.closest(".field").classList.toggle("changed", select.value !== start));
  }
}

function fold() {
  const writes = Boolean(document.querySelector(".compose[open]"));
  for (const one of document.querySelectorAll("#pane .fold")) one.open = !writes;
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

/** What was done last is taken back: to the ticket that is open, or else to many of the list. */
function undo() {
  const many = $("pane") ? null : document.querySelector("#did form");
  many?.requestSubmit();
  return Boolean(many) || press("undo");
}

function press(act) {
  const form = document.querySelector(`#pane form[data-act="${act}"]`);
  if (!form) return false;
  form.requestSubmit();
  return true;
}

/** Opens or closes a menu of the ticket's head; its first button is next. */
function drop(id) {
  const menu = $(id);
  if (!menu) return false;
  menu.open = !menu.open;
  (menu.open ? menu.querySelector("form button, form input:not([type=hidden])") : menu.querySelector("summary"))?.focus();
  return true;
}

/** A macro that answers waits until what is being written is out of its way. */
function macroStopped(form, button) {
  if (form.dataset.act !== "macro" || !button || !("sends" in button.dataset) || !$("reply-text")?.value) return false;
  $("said").textContent = form.dataset.busy;
  say($("reply-text").form, "");
  $("reply-text").form.querySelector(".saved").textContent = form.dataset.busy;
  write("reply");
  return true;
}

function runKey(event) {
  const button = document.querySelector(`#run button[data-key="${CSS.escape(event.key)}"]`);
  if (!button) return false;
  button.form.requestSubmit(button);
  return true;
}

function pick() {
  const box = $(current ?? `line-${shownNumber()}`)?.querySelector(".pick");
  if (!box) return false;
  box.checked = !box.checked;
  const chosen = document.querySelectorAll("#lines .pick:checked").length;
  $("said").textContent = $("bulk").dataset.chosen.replace("%", chosen);
  return true;
}

function openNext(by) {
  hold(step(by).then((stepped) => stepped && bring(linkOf($(current)).href)));
  return true;
}

function unfold() {
  const all = [...document.querySelectorAll("#conversation details")];
  const to = !all.some((one) => one.open);
  for (const one of all) one.open = to;
  return all.length > 0;
}

function submit(form, button) {
  const mine = (under = send(form, button).catch(() => false));
  hold(mine).finally(() => {
    if (under !== mine) return;
    under = null;
    refresh();
  });
}

/** Sends a form of the ticket and shows what came of it; whether it was done. */
async function send(form, button) {
  takeNotice(form);
  const body = new FormData(form, button ?? undefined);
  const area = form.dataset.draft ? form.querySelector("textarea") : null;
  const sent = area?.value;
  if (area && $("pane").dataset.channel !== "chat") $("pane-title").focus({ preventScroll: true });
  const address = button?.hasAttribute("formaction") ? button.formAction : form.action;
  const held = form.contains(document.activeElement) && !area && !form.closest("#pane-head");
  const left = held && whereabouts(document.activeElement, $("pane"));
  const then = form.dataset.then;
  const buttons = form.querySelectorAll("button");
  buttons.forEach((one) => { one.disabled = true; });
  await form.settled?.();
  say(form, "sending");
  const answer = await ask(address, { body }).catch(() => null);
  buttons.forEach((one) => { one.disabled = false; });
  if (!answer?.document || (answer.status >= 400 && !answer.document.getElementById("pane"))) {
    if (form.dataset.draft) { refuse(form, answer?.document); write(form.dataset.draft); }
    else location.reload();
    return false;
  }
  const done = answer.status === 200;
  const now = area?.value;
  if (done) form.forget?.();
  for (const other of document.querySelectorAll("form[data-draft]")) if (other !== form) other.keepNow?.();
  if (!showPane(answer.document, { focus: false })) { location.assign(answer.address); return false; }
  leaveEarlier();
  if (done && form.dataset.draft === "reply" && $("pane").dataset.channel === "chat" && write("reply")) toNewest(); // one goes on talking
  else if (done && !(left && goOnAt(then, left))) $("pane-title").focus({ preventScroll: Boolean(area) });
  else if (!done) { tellRefusal(left); $("refused")?.scrollIntoView({ block: "nearest" }); }
  if (!done) keepFiles(form.elements.files);
  if (now !== sent) goOn(form.dataset.draft, done && now.startsWith(sent) ? now.slice(sent.length).trimStart() : now);
  return done;
}

/** Whoever works down a ticket goes on where they were, or where the form says. */
function goOnAt(then, left) {
  const next = then && $(then);
  next?.focus();
  return Boolean(next) || standAgain($("pane"), left);
}

/** What came back is the newest of the conversation, and is kept fresh from now on. */
function leaveEarlier() {
  const address = new URL(location.href);
  address.searchParams.delete("before");
  if (address.href !== location.href) history.replaceState({}, "", address);
}

/** Files that were chosen for a reply that was refused are chosen in the form that came back. */
function keepFiles(chosen) {
  const box = $("reply-files");
  if (!box || !chosen?.files?.length) return;
  box.files = chosen.files;
  box.form.elements.inside.checked = chosen.form.elements.inside.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

/** What its writer went on to write while a text was under way stands in the form that came back. */
function goOn(kind, text) {
  const area = document.querySelector(`form[data-draft=${kind}] textarea`);
  if (!area || !text) return;
  write(kind);
  area.value = text;
  area.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Whoever was refused stays with what they wrote or chose where they see there why; a question
 *  is where they go. */
function tellRefusal(left) {
  const area = document.querySelector(".compose[open] textarea");
  const told = $("refused");
  if (!area && left && told && !told.querySelector("form") && standAgain($("pane"), left)) {
    const { top, bottom } = told.getBoundingClientRect();
    if (top >= 0 && bottom <= innerHeight) return;
  }
  (area ?? told)?.focus({ preventScroll: true });
}

// ------------------------------------------------------------ whatever happens

function tend(list) {
  if ($("pick-all")) $("pick-all").closest("label").hidden = false;
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
  if (!macroStopped(form, event.submitter)) submit(form, event.submitter);
});

// A change of many that does not say which is asked for it here: a page come back would have ticks of
// its first tickets only.
document.addEventListener("submit", (event) => {
  if (event.target.id !== "bulk" || $("bulk-change").value || $("bulk-tag").value.trim()) return;
  event.preventDefault();
  $("bulk-change").focus();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  const form = event.target.closest?.("form[data-draft]");
  if (!form) return;
  event.preventDefault();
  form.requestSubmit(form.querySelector(".send"));
});

// A menu closes when somebody goes elsewhere, or says so.
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" ? event.target.closest?.("details.menu[open]") : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
});

// What is being answered stays in sight when the page opens to write; what stands over it folds.
document.addEventListener("toggle", (event) => {
  if (!event.target.matches?.(".compose")) return;
  fold();
  if (event.target.open) toNewest();
}, true);

addEventListener("popstate", () => {
  const number = numberOf(location.href);
  if (location.hash && number === shownNumber()) return; // a place on the page that is open
  if (number) open(location.href, { push: false });
  else location.reload();
});
addEventListener("pagehide", leaveAll);
document.addEventListener("visibilitychange", () => { if (document.hidden) keepAll(); });

let waiting = 0;
// An alarm is shown at once; the rest is asked for when things have settled, each page in its turn.
document.addEventListener("desk-changed", ({ detail }) => {
  if (detail.security !== undefined) alarm(detail.security);
  waiting ||= setTimeout(() => { waiting = 0; refresh(); }, SETTLE + Math.random() * (detail.turns ?? 0));
});
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
  f: () => write("forward"),
  "#": () => press("spam"),
  a: () => press("assign"),
  e: () => press("end"),
  z: undo,
  s: () => drop("nap"),
  i: unfold,
  x: pick,
  b: () => { $("bulk-change").focus(); },
  m: () => drop("run"),
  "]": () => openNext(1),
  "[": () => openNext(-1),
  ...Object.fromEntries([..."123456789"].map((key) => [key, runKey])),
  ".": takeFresh,
  "/": () => { $("q").focus(); $("q").select(); },
  "?": () => keysPanel.showModal(),
  "g s": go("security"), "g u": go("unsorted"), "g m": go("mine"), "g n": go("unassigned"),
  "g o": go("open"), "g w": go("waiting"), "g c": go("closed"), "g a": go("all"), "g p": go("parked"),
  "g d": go("due_soon"), "g l": go("breached"), "g z": go("snoozed"), "g @": go("mentions"),
  "g b": () => location.assign("/outbox"),
});

/** A text grows with what is written in it; most browsers see to that by themselves. */
function grow(area) {
  if (CSS.supports("field-sizing", "content")) return;
  area.style.height = "auto";
  area.style.height = `${area.scrollHeight + 2}px`;
}
document.addEventListener("input", (event) => { if (event.target.matches?.(".compose textarea")) grow(event.target); });
document.addEventListener("toggle", (event) => { if (event.target.matches?.(".compose[open]")) grow(event.target.querySelector("textarea")); }, true);

document.addEventListener("change", (event) => {
  if (event.target.id === "reply-files") event.target.closest(".files-row").classList.toggle("picked", event.target.files.length > 0);
  if (event.target.id !== "pick-all") return;
  for (const box of document.querySelectorAll("#lines .pick")) box.checked = event.target.checked;
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
