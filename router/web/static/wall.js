// The wall keeps itself fresh: when something changed, and every half minute in any case.
import { ask, exchange } from "./parts.js";

const EVERY = 30000;
const GAP = 2000;
let last = 0;
let waiting = false;

async function fresh() {
  if (waiting || document.hidden) return;
  waiting = true;
  await new Promise((go) => setTimeout(go, Math.max(0, last + GAP - Date.now())));
  const answer = await ask(location.href, { part: "" }).catch(() => null);
  // Whoever is on the wall with the keyboard is not thrown off it.
  if (answer?.status === 200 && !document.getElementById("wall").contains(document.activeElement)) exchange(answer.document, "wall");
  last = Date.now();
  waiting = false;
}

document.addEventListener("desk-changed", fresh);
setInterval(fresh, EVERY);
