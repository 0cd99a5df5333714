// Single keys. Silent while something is written, while an input method composes, while a key is
// held with Ctrl, Alt or Meta, and for whoever switched them off.
const PAUSE = 1200;
let before = "";
let until = 0;

const writing = (target) =>
  target instanceof HTMLElement
  && (target.isContentEditable || target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select"));

export const enabled = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };

export function enable(on) {
  try { on ? localStorage.removeItem("keys") : localStorage.setItem("keys", "off"); } catch { /* private */ }
}

/** Calls acts[key], or acts["g x"] for two keys in a row; an act that returns false did nothing. */
export function listen(acts) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape" && writing(event.target)) { event.target.blur(); return; }
    if (!enabled() || writing(event.target) || document.querySelector("dialog[open]")) return;
    const now = performance.now();
    const act = (now < until && acts[`${before} ${event.key}`]) || acts[event.key];
    before = event.key;
    until = now + PAUSE;
    if (act && act(event) !== false) event.preventDefault();
  });
}
