// A draft of the rules: follows its checks while they run, and says when something is not saved.
// Without it the page is reloaded by its own link.
import { ask, exchange } from "./parts.js";

const EVERY = 1000;
const MOST = 8000;

async function follow(pause) {
  const waiting = document.getElementById("checks")?.dataset.wait;
  if (!waiting) return;
  await new Promise((go) => setTimeout(go, pause));
  const answer = await ask(waiting).catch(() => null);
  if (answer?.status === 200) {
    exchange(answer.document, "checks");
    follow(EVERY);
  } else follow(Math.min(pause * 2, MOST));
}

const writing = document.getElementById("writing");
let sending = false;
const changed = () => [...writing.querySelectorAll("textarea")].some((area) => area.value !== area.defaultValue);
writing.addEventListener("input", () => {
  document.getElementById("unsaved").textContent = changed() ? writing.dataset.unsaved : "";
});
for (const form of document.forms) form.addEventListener("submit", () => { sending = form === writing; });
addEventListener("beforeunload", (event) => { if (!sending && changed()) event.preventDefault(); });
follow(EVERY);
