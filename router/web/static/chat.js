// The chat as its visitor sees it. What they wrote stays here until the desk says that it has it,
// whatever becomes of the network; each message has an id of its own, so none arrives twice.
import { Line, problem } from "./chat-line.js";
import { Talk } from "./chat-talk.js";

const $ = (id) => document.getElementById(id);
const data = document.body.dataset;
const words = JSON.parse(data.words);
const say = (key, values = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
const zone = data.zone;
const locale = document.documentElement.lang;
const kept = `chat:${data.account}`;
const embedded = window.parent !== window;

// ------------------------------------------------------------ what is remembered

function stored() {
  try { return JSON.parse(localStorage.getItem(kept) || "{}"); } catch { return {}; } // nothing was kept
}
const memory = { token: "", queue: [], draft: "", ...stored() };
const files = new Map(); // of messages under way; too large to be kept for a later page
const held = new Map(); // lets go of a message whose files only this page has
const ours = new Set(memory.queue.map((one) => one.id)); // messages this page has had in hand
let lost = ""; // the token of a conversation that is gone
/** Another page of this visitor may remember too: its messages, and the conversation it began, stay. */
function remember() {
  const there = stored();
  const token = memory.token || (there.token !== lost && there.token) || "";
  const others = (there.queue || []).filter((one) => !ours.has(one.id));
  try { localStorage.setItem(kept, JSON.stringify({ ...memory, token, queue: [...others, ...memory.queue] })); } catch { /* not allowed here */ }
}

// The way back from a mail or a copied link stands after the #, where no server sees it.
if (/^#[a-z2-7]{30,60}$/.test(location.hash)) {
  memory.token = location.hash.slice(1);
  remember();
  history.replaceState(null, "", location.pathname + location.search);
}

let hours = JSON.parse(data.hours);
let ahead = Date.parse(hours.now) - Date.now(); // the desk's clock before ours
let identity = "";
let shown = !embedded;
let reachable = true;
let unread = 0;
let ended = false;

const talk = new Talk($("talk"), { say, time, download });
const line = new Line({ token: () => memory.token, on });

// ------------------------------------------------------------ hours

function time(iso) {
  const at = new Date(iso);
  const day = new Intl.DateTimeFormat("en-CA", { timeZone: zone });
  const same = day.format(at) === day.format(new Date(Date.now() + ahead));
  const parts = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: zone };
  return new Intl.DateTimeFormat(locale, same ? parts : { ...parts, weekday: "short", month: "short", day: "numeric" }).format(at);
}

const opening = () => (hours.opens_at ? say("opens", { time: time(hours.opens_at) }) : say("opens_unknown"));

let turning = 0;
function takeHours(fresh) {
  hours = fresh;
  ahead = Date.parse(hours.now) - Date.now();
  $("dot").classList.toggle("ok", hours.open);
  $("hours").textContent = hours.open
    ? (hours.closes_at ? say("open_until", { time: time(hours.closes_at) }) : say("open_always"))
    : opening();
  $("opens").textContent = hours.open ? "" : `· ${opening()}`;
  clearTimeout(turning);
  const turn = hours.open ? hours.closes_at : hours.opens_at;
  // A moment after the minute, asked of the desk itself: its word counts, not this clock's.
  if (turn) turning = setTimeout(askHours, Math.min(Math.max(Date.parse(turn) - Date.now() - ahead, 0) + 200, 2 ** 31 - 1));
  look();
}
async function askHours() {
  if (memory.token) line.again();
  else {
    const page = await fetch(location.href).then((answer) => answer.text()).catch(() => "");
    const fresh = new DOMParser().parseFromString(page, "text/html").body?.dataset.hours;
    if (fresh) takeHours(JSON.parse(fresh));
  }
}

// ------------------------------------------------------------ what is to be seen

function look() {
  const begun = talk.begun;
  const offline = !hours.open && !begun;
  $("offline").hidden = !offline;
  $("write").hidden = offline;
  $("greeting").hidden = offline;
  $("reach-card").hidden = offline || reachable || !begun || (hours.open && !ended && !talk.answered);
  $("menu").hidden = !begun;
  $("finish").hidden = ended;
}

// Whoever scrolls by hand stays where they are, and is told of what comes below.
const beyond = () => $("scroll").scrollHeight - $("scroll").scrollTop - $("scroll").clientHeight;
let byHand = false;
let away = false;
function down() {
  byHand = away = false;
  $("scroll").scrollTop = $("scroll").scrollHeight;
}
/** A message of the desk's comes into sight, or the way to it does. */
function arrived(seq) {
  if (away) { newer = Math.min(newer || seq, seq); $("newer").hidden = false; return; }
  down();
  talk.show(seq, $("scroll"));
}
let newer = 0; // the first that came while they were away from the end
$("newer").addEventListener("click", () => {
  const seq = newer;
  down();
  talk.show(seq, $("scroll"), true);
  $("text").focus({ preventScroll: true });
});
for (const hand of ["wheel", "touchmove", "pointerdown", "keydown"]) $("scroll").addEventListener(hand, () => { byHand = true; }, { passive: true });
$("scroll").addEventListener("scroll", () => {
  if (byHand) away = beyond() >= 120;
  read();
}, { passive: true });

let readTimer = 0;
function read() {
  clearTimeout(readTimer);
  if (!shown || document.hidden || !memory.token) return;
  readTimer = setTimeout(() => {
    const seq = talk.seenTo($("scroll")); // what is below was not read, and more may come while this is told
    if (newer && seq >= newer) { newer = 0; $("newer").hidden = true; }
    if (seq > talk.readTo) line.post("read", { seq }).then(() => { talk.readTo = Math.max(talk.readTo, seq); }).catch(() => { readTimer = setTimeout(read, 5000); });
    if (seq >= talk.seq) count(0);
  }, 400);
}
function count(n) {
  unread = n;
  tell({ chat: "unread", n });
  document.title = document.title.replace(/^\(\d+\) /, "");
  if (n) document.title = `(${n}) ${document.title}`;
}

// ------------------------------------------------------------ what happens

/** Everything the desk tells; true when it is a thing of the conversation that we did not know. */
function on(type, told) {
  if (type === "state") {
    reachable = told.reachable;
    ended = told.ended;
    talk.upto(told.read);
    takeHours(told.service_hours);
    typing(told.typing);
    return;
  }
  if (type === "hours") return takeHours(told);
  if (type === "typing") return typing(told.on);
  if (type === "net") return net(told.state);
  if (type === "gone") return gone();
  const near = beyond() < 120;
  if (!talk.take({ ...told, type })) return;
  if (type === "message" && told.from === "visitor") done(told.client_msg_id);
  if (type === "message" && told.from !== "visitor") {
    typing(false);
    if (!shown || document.hidden) count(unread + 1);
  }
  if (type === "closed") ended = true;
  if (type === "message" && told.from === "visitor") ended = false;
  look();
  if (type === "message" && told.from !== "visitor") arrived(told.seq);
  else if (near) down();
  read();
}

let typingTimer = 0;
function typing(is) {
  clearTimeout(typingTimer);
  $("typing").textContent = is ? say("typing") : "";
  if (is) typingTimer = setTimeout(() => typing(false), 15000);
}

function net(state) {
  $("net").textContent = state === "ok" ? "" : say(navigator.onLine ? "away" : "offline");
}

function gone() {
  lost = memory.token;
  memory.token = "";
  remember();
  talk.clear();
  talk.note(say("over"));
  for (const one of memory.queue) talk.pending(one);
  look();
  if (memory.queue.length) flush();
}

// ------------------------------------------------------------ sending

function done(id) {
  memory.queue = memory.queue.filter((one) => one.id !== id);
  files.delete(id);
  held.get(id)?.();
  remember();
}

/** While this page lives no other takes a message in hand whose files it has. */
function hold(id) {
  navigator.locks?.request(`chat-files:${id}`, () => new Promise((free) => held.set(id, free)));
}
const inOtherHands = async (id) => Boolean(navigator.locks) && !(await navigator.locks.request(`chat-files:${id}`, { ifAvailable: true }, Boolean));

const filesLost = (one) => say("files_lost", { names: one.names.join(", ") });

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function put(message, picked = []) {
  const one = { id: newId(), ...message, names: picked.map((file) => file.name) };
  ours.add(one.id);
  memory.queue.push(one);
  if (picked.length) { files.set(one.id, picked); hold(one.id); }
  remember();
  talk.pending(one);
  look();
  down();
  flush();
  return one;
}

/** Go on in the conversation that another page of this visitor began; false when there is none. */
function joined() {
  const { token } = stored();
  if (!token || token === lost) return false;
  memory.token = token;
  line.start(0);
  tell({ chat: "begun" });
  return true;
}
addEventListener("storage", (event) => { if (event.key === kept && !memory.token) joined(); });

/** One page begins at a time, where the browser can say so. */
const begin = () => (navigator.locks ? navigator.locks.request(kept, first) : first());
async function first() {
  if (joined()) return;
  const ask = (proof) => line.send("sessions", { account: data.account, identity: proof });
  let answer = await ask(identity);
  if (answer.status === 401 && identity) {
    identity = "";
    talk.note(say("stranger"));
    answer = await ask("");
  }
  if (!answer.ok) throw await problem(answer);
  const told = await answer.json();
  memory.token = told.token;
  remember();
  on("state", told);
  for (const event of told.events) on(event.type, event);
  tell({ chat: "begun" });
}

let flushing = false;
let wait = 1000;
async function flush() {
  if (flushing) return;
  flushing = true;
  while (memory.queue.length) {
    const one = memory.queue[0];
    const bare = one.names?.length > 0 && !files.has(one.id); // its files went with the page that had them
    try {
      if (bare && await inOtherHands(one.id)) { ours.delete(one.id); memory.queue.shift(); talk.forget(one.id); continue; }
      if (!memory.token) await begin();
      const answer = await line.send("messages", body(one));
      if (!answer.ok) throw await problem(answer);
      const told = await answer.json();
      talk.delivered(one.id, told.seq);
      if (one.offline && !told.duplicate) talk.note(hours.opens_at ? say("offline_kept", { time: time(hours.opens_at) }) : say("opens_unknown"));
      if (bare && !told.duplicate) talk.note(filesLost(one));
      done(one.id);
      wait = 1000;
      net("ok");
      line.start(talk.seq);
    } catch (fault) {
      if (fault.status === 404 && memory.token) { flushing = false; return gone(); }
      if (bare && fault.code === "other_body") { done(one.id); continue; } // it had arrived, files and all
      if (fault.status >= 400 && fault.status < 500 && fault.status !== 429 && fault.status !== 408) {
        refuse(one, bare && !one.text ? new Error(filesLost(one)) : fault);
        continue;
      }
      talk.waits(one.id);
      if (!fault.status) net("away");
      await new Promise((resolve) => {
        setTimeout(resolve, fault.after || wait * (0.8 + Math.random() * 0.4));
        addEventListener("online", resolve, { once: true });
      });
      wait = Math.min(wait * 2, 30000);
    }
  }
  flushing = false;
}

function body(one) {
  const picked = files.get(one.id) || [];
  const told = { client_msg_id: one.id, text: one.text, name: one.name || "", email: one.email || "", phone: one.phone || "", offline: one.offline ? "1" : "" };
  if (!picked.length) return told;
  const form = new FormData();
  for (const [name, value] of Object.entries(told)) form.set(name, value);
  for (const file of picked) form.append("attachments", file, file.name);
  return form;
}

/** The desk will never take it like this: the words go back to where they were written. */
function refuse(one, fault) {
  done(one.id);
  talk.failed(one.id, say("refused", { why: fault.message }));
  const box = one.offline ? $("offline-text") : $("text");
  if (!box.value.trim()) { box.value = one.text; talk.forget(one.id); wrong(one.offline ? "offline-text" : "write", fault.message); }
  for (const { field, detail } of fault.errors || []) if (one.offline && $(`offline-${field}`)) wrong(`offline-${field}`, detail);
  look();
}

function wrong(id, words) {
  const place = $(`${id}-wrong`);
  place.textContent = words;
  place.hidden = !words;
  const field = id === "write" ? $("text") : $(id);
  if (words) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
}

// ------------------------------------------------------------ forms

let picked = [];
function pick(list) {
  wrong("write", "");
  picked = [...list];
  const large = picked.find((file) => file.size > Number(data.mostBytes));
  if (large) wrong("write", say("too_big", { name: large.name }));
  if (picked.length > Number(data.mostFiles)) wrong("write", say("too_many"));
  if (large || picked.length > Number(data.mostFiles)) picked = [];
  $("picked").hidden = !picked.length;
  $("picked").firstElementChild.textContent = say("files", { names: picked.map((file) => file.name).join(", ") });
  $("drop").textContent = say("drop_files");
  $("files").value = "";
}
$("files").addEventListener("change", () => pick($("files").files));
$("drop").addEventListener("click", () => { pick([]); $("text").focus(); });

const longest = Number(data.longest);
const tooLong = (text) => ([...text].length > longest ? say("longer", { n: [...text].length, most: longest }) : "");

$("write").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = $("text").value.trim();
  if (!text && !picked.length) { $("text").focus(); return; }
  wrong("write", tooLong(text));
  if (tooLong(text)) return;
  put({ text }, picked);
  pick([]);
  $("text").value = memory.draft = "";
  $("left").textContent = "";
  remember();
  $("text").focus();
});
$("text").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  $("write").requestSubmit();
});
let typed = 0;
$("text").addEventListener("input", () => {
  memory.draft = $("text").value;
  remember();
  const left = longest - [...$("text").value].length;
  $("left").textContent = left < 400 && left >= 0 ? say("left", { n: left }) : "";
  wrong("write", tooLong($("text").value));
  if (memory.token && performance.now() - typed > 3000) {
    typed = performance.now();
    line.post("typing", { on: Boolean($("text").value) }).catch(() => {});
  }
});

$("offline").addEventListener("submit", (event) => {
  event.preventDefault();
  const form = $("offline");
  const given = Object.fromEntries(["name", "email", "phone", "text"].map((name) => [name, form.elements[name].value.trim()]));
  for (const name of ["name", "email", "phone", "text"]) wrong(`offline-${name}`, "");
  if (!given.email && !given.phone) wrong("offline-email", words.reach_missing);
  if (given.email && !form.elements.email.checkValidity()) wrong("offline-email", words.bad_email);
  if (!given.text) wrong("offline-text", words.required);
  else wrong("offline-text", tooLong(given.text));
  const first = form.querySelector("[aria-invalid]");
  if (first) { first.focus(); return; }
  put({ ...given, offline: true });
  form.elements.text.value = "";
  reachable = true;
  look();
  $("text").focus();
});

$("reach").addEventListener("submit", async (event) => {
  event.preventDefault();
  const email = $("reach").elements.email.value.trim();
  wrong("reach-email", email && $("reach").elements.email.checkValidity() ? "" : words.bad_email);
  if (!email || !$("reach").elements.email.checkValidity()) { $("reach-email").focus(); return; }
  try {
    await line.post("contact", { email });
    reachable = true;
    talk.note(say("kept", { address: email }));
    look();
    down();
    $("text").focus();
  } catch (fault) {
    wrong("reach-email", fault.errors?.[0]?.detail || fault.message || say("away"));
  }
});

$("copy").addEventListener("click", async () => {
  const address = `${location.origin}/chat/talk?account=${encodeURIComponent(data.account)}#${memory.token}`;
  $("menu").open = false;
  try { await navigator.clipboard.writeText(address); talk.note(say("copied")); }
  catch { talk.note(`${say("copy_by_hand")} ${address}`); }
  down();
});
$("finish").addEventListener("click", () => {
  $("menu").open = false;
  if (confirm(say("finish_sure"))) line.post("close", {}).catch(() => net("away"));
});

async function download(file) {
  const answer = await line.get(`files/${encodeURIComponent(file.token)}`).catch(() => null);
  if (!answer?.ok) { net("away"); return; }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await answer.blob());
  link.download = file.name || "file";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// ------------------------------------------------------------ the page around us

function tell(what) { if (embedded) parent.postMessage(what, "*"); } // says nothing but how many
if (embedded) {
  $("shut").hidden = false;
  $("shut").addEventListener("click", () => tell({ chat: "shut" }));
  addEventListener("message", (event) => {
    if (event.source !== parent) return;
    if (event.data?.identity) identity = String(event.data.identity);
    if (event.data?.chat === "open") { shown = true; read(); down(); if (!$("write").hidden) $("text").focus(); }
    if (event.data?.chat === "shut") shown = false;
  });
}
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if ($("menu").open) { $("menu").open = false; $("menu").firstElementChild.focus(); } else if (embedded) tell({ chat: "shut" });
});
document.addEventListener("visibilitychange", () => { line.hidden(document.hidden); read(); });
addEventListener("online", () => line.again());
addEventListener("offline", () => net("offline"));

$("text").value = memory.draft || "";
takeHours(hours);
for (const one of memory.queue) talk.pending(one);
if (memory.token) { line.start(0); tell({ chat: "begun" }); }
if (memory.queue.length) flush();
look();
tell({ chat: "ready" });
