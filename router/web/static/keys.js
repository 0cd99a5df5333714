// Single keys. Silent while something is written, while an input method composes, while a key is
// held with Ctrl, Alt or Meta, and for whoever switched them off. Whoever types faster than the
// desk answers means what is on its way: those keys wait for it.
const PAUSE = 1200;
let before = "";
let until = 0;
let known = {};
let ahead = null; // keys that were pressed too early
let waits = 0; // for so many things
let newest = 0; // the last of which decides
let good = false;

const writing = (target) =>
  target instanceof HTMLElement
  && (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select"));

export const enabled = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };

export function enable(on) {
  try { on ? localStorage.removeItem("keys") : localStorage.setItem("keys", "off"); } catch { /* private */ }
}

/** Holds keys back until this is over; then they are pressed in their order, unless it failed. */
export async function hold(over) {
  const mine = ++newest;
  ahead ??= [];
  waits += 1;
  const came = await over.catch(() => false);
  waits -= 1;
  if (mine === newest) good = came;
  if (waits) return came;
  const keys = ahead;
  ahead = null;
  while (good && keys.length && !ahead) press(keys.shift());
  ahead?.push(...keys);
  return came;
}

function press(key) {
  if (!writing(document.activeElement)) { run({ key, target: document.activeElement }); return; }
  document.execCommand("insertText", false, key === "Enter" ? "\n" : key);
}

/** A key after one that begins a pair means the pair or nothing: a slip after g closes no ticket. */
function run(event) {
  const now = performance.now();
  const second = now < until && Object.keys(known).some((keys) => keys.startsWith(`${before} `));
  const act = known[second ? `${before} ${event.key}` : event.key];
  before = event.key;
  until = now + PAUSE;
  return Boolean(act) && act(event) !== false;
}

/** Calls acts[key], or acts["g x"] for two keys in a row; an act that returns false did nothing. */
export function listen(acts) {
  known = acts;
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && writing(event.target)) { event.target.blur(); return; }
    if (!enabled() || writing(event.target) || document.querySelector("dialog[open]")) return;
    if (ahead && (event.key.length === 1 || event.key === "Enter")) { ahead.push(event.key); event.preventDefault(); return; }
    if (run(event)) event.preventDefault();
  });
}
