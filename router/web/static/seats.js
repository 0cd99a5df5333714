// Tells the desk that somebody is at a ticket, reading or writing, and shows who else is.
import { exchange } from "./parts.js";

const EVERY = 15000;
const AFTER_A_KEY = 20000;
let wrote = -Infinity;
let told = "";
let turn = 0;

const pane = () => document.getElementById("pane");

async function tell(doing) {
  const now = pane();
  if (!now) return;
  const body = new FormData();
  body.set("csrf", document.querySelector("input[name=csrf]")?.value ?? "");
  body.set("doing", doing);
  told = doing;
  const mine = ++turn;
  const request = new XMLHttpRequest();
  request.open("POST", `/ticket/${now.dataset.number}/here`);
  request.responseType = "document";
  request.onload = () => { if (mine === turn && request.status === 200) exchange(request.response, "seats"); };
  request.send(body);
}

const doing = () => (performance.now() - wrote < AFTER_A_KEY ? "writing" : "reading");

/** Another ticket is open now. */
export function sit() {
  wrote = -Infinity;
  if (!document.hidden) tell("reading");
}

document.addEventListener("input", (event) => {
  if (!event.target.closest?.("form[data-draft=reply]")) return;
  wrote = performance.now();
  if (told !== "writing") tell("writing");
});
document.addEventListener("submit", (event) => {
  if (!event.target.closest?.("form[data-draft=reply]")) return;
  wrote = -Infinity;
  tell("reading");
});
document.addEventListener("visibilitychange", () => tell(document.hidden ? "" : doing()));
setInterval(() => { if (!document.hidden) tell(doing()); }, EVERY);
