// Where somebody stands when a page comes back after a form of theirs: at what is wrong, or at what
// is said, or else where they stood. Without it they begin at the top again.
import { stand, standAgain, whereabouts } from "./parts.js";

const KEY = "stood";
const body = document.querySelector("main > .page, main > .lone");
const shown = (one) => one.checkVisibility() && one.textContent.trim();

function kept() {
  try {
    const left = JSON.parse(sessionStorage.getItem(KEY));
    sessionStorage.removeItem(KEY);
    return left;
  } catch { return null; }
}

/** Said to whoever hears the page: what stood in it from the beginning is not read out. */
function tell(words) {
  const said = document.body.appendChild(document.createElement("p"));
  said.className = "unseen";
  said.setAttribute("role", "status");
  setTimeout(() => { said.textContent = words; }, 100);
}

function come(left) {
  if (!body || document.activeElement !== document.body) return;
  const named = location.hash && document.getElementById(location.hash.slice(1));
  const place = named || body;
  const wrong = [...place.querySelectorAll("[aria-invalid=true]")].find((one) => one.checkVisibility());
  if (wrong) { wrong.focus(); return; }
  const said = [...place.querySelectorAll(".notice:is([role=alert], [role=status])"), ...place.querySelectorAll("[role=status]")].find(shown);
  // Whoever looks for something or works through a list goes on there, and is told meanwhile.
  const aside = said?.getAttribute("role") === "status" && (said.closest("li") || left.row || !said.matches(".notice"));
  const told = said && !aside ? said : place.querySelector("[data-answer]");
  if (told) { stand(told); return; }
  if (said) tell(said.textContent);
  if (standAgain(place, left)) return;
  stand(named || body.querySelector("h1"));
}

// Whoever comes back to a page stands on the link they left it by.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link) return;
  kept(); // a form that answered with a file is none that this leads on from
  if (!body?.contains(link)) return;
  history.replaceState({ ...history.state, stood: whereabouts(link, body) }, "");
});
const back = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
if (back && history.state?.stood && body && document.activeElement === document.body) standAgain(body, history.state.stood, { preventScroll: true });

const left = kept();
// A place that the address names takes the focus away until the page is there.
if (left && location.hash) addEventListener("load", () => setTimeout(come, 0, left));
else if (left) come(left);

// On the window, so that whoever sends a form without leaving the page has said so by now.
addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog" || !body?.contains(form)) return;
  const at = form.contains(document.activeElement) ? document.activeElement : event.submitter;
  if (!at) return;
  try { sessionStorage.setItem(KEY, JSON.stringify(whereabouts(at, body))); } catch { /* private */ }
});
