// An article being written: shown as it will be told, with what is wrong beside each field, at every
// pause; and said when something is not saved. Without it a button does the first.
import { ask, exchange } from "./parts.js";

const PAUSE = 600;
const writing = document.getElementById("writing");
const fields = [...writing.elements].filter((one) => one.name && one.type !== "hidden" && one.localName !== "button");
const touched = (one) => (one.type === "checkbox" ? one.checked !== one.defaultChecked : one.value !== one.defaultValue);
const changed = () => "kept" in writing.dataset || fields.some(touched);
let sending = false;
let turn = 0;
let waiting;

async function show() {
  const mine = ++turn;
  const body = new FormData(writing);
  body.set("act", "preview");
  const answer = await ask(writing.action, { body }).catch(() => null);
  if (answer?.status !== 200 || mine !== turn) return;
  for (const part of document.querySelectorAll("[data-part]")) {
    const open = part.querySelector("details")?.open;
    const fresh = exchange(answer.document, part.id);
    if (open) fresh?.querySelector("details")?.setAttribute("open", "");
  }
  for (const one of fields) {
    const faults = one.getAttribute("aria-describedby") && document.getElementById(one.getAttribute("aria-describedby"));
    if (faults) faults.childElementCount ? one.setAttribute("aria-invalid", "true") : one.removeAttribute("aria-invalid");
  }
}

writing.addEventListener("input", (event) => {
  document.getElementById("unsaved").textContent = changed() ? writing.dataset.unsaved : "";
  clearTimeout(waiting);
  if (!event.isComposing) waiting = setTimeout(show, PAUSE);
});
writing.addEventListener("compositionend", () => { clearTimeout(waiting); waiting = setTimeout(show, PAUSE); });
for (const form of document.forms) form.addEventListener("submit", () => { sending = form === writing; });
addEventListener("beforeunload", (event) => { if (!sending && changed()) event.preventDefault(); });
