// Snippets: a slash at the beginning of a word opens what may be put in; Enter or Tab puts it in.
// Silent while an input method composes.
import { ask } from "./parts.js";

const MOST = 6;
// The slash key of a Chinese keyboard writes the enumeration comma. No space stands before either in
// Chinese: a slash may follow a character, a comma that ends nothing only another mark.
const BEGUN = /(?:(?:^|[\s。，！？；：…）》」』”])[/\u3001]|(?<=[\p{Script=Han}\u3000\u3002-\u303f\uff00-\uffef])\/)([^\s/\u3001]{0,30})$/u;
const ADDRESS = /(?::\/\/|\w\.\w)[^\s\u3000-\u303f\uff00-\uffef]*$/;

/** The word begun before the place one writes at; null where none is, as within an address. */
export function begun(before) {
  const found = before.match(BEGUN);
  return !found || ADDRESS.test(before.slice(0, before.length - found[1].length)) ? null : found[1];
}

/** Offers snippets in a textarea; ``address`` is where they are, filled in for this ticket. */
export function offer(area, address) {
  const box = document.createElement("ul");
  box.className = "offered";
  box.id = `${area.id}-offered`;
  box.setAttribute("role", "listbox");
  box.hidden = true;
  area.after(box);
  area.setAttribute("aria-controls", box.id);
  let all = null;
  let chosen = 0;
  let from = -1;

  const close = () => {
    box.hidden = true;
    from = -1;
    area.removeAttribute("aria-activedescendant");
  };
  const choose = (at) => {
    const shown = [...box.children];
    if (!shown.length) return;
    chosen = (at + shown.length) % shown.length;
    shown.forEach((one, place) => one.setAttribute("aria-selected", String(place === chosen)));
    area.setAttribute("aria-activedescendant", shown[chosen].id);
    shown[chosen].scrollIntoView({ block: "nearest" });
  };
  const put = () => {
    const text = box.children[chosen]?.querySelector("template").content.textContent;
    if (text === undefined) { close(); return; }
    area.setRangeText(text, from, area.selectionStart, "end");
    close();
    area.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const look = async () => {
    const before = area.value.slice(0, area.selectionStart);
    const written = area.selectionStart === area.selectionEnd ? begun(before) : null;
    if (written === null) { close(); return; }
    if (all === null) {
      all = [];
      const answer = await ask(address).catch(() => null);
      const list = answer?.document?.getElementById("snippets");
      if (list) box.setAttribute("aria-label", list.getAttribute("aria-label"));
      all = [...(list?.children ?? [])].map((one) => document.importNode(one, true));
      look();
      return;
    }
    const word = written.toLowerCase();
    const first = all.filter((one) => one.dataset.word.toLowerCase().startsWith(word));
    const rest = all.filter((one) => !first.includes(one) && one.dataset.name.toLowerCase().includes(word));
    const shown = [...first, ...rest].slice(0, MOST);
    if (!shown.length) { close(); return; }
    from = before.length - written.length - 1;
    box.replaceChildren(...shown);
    box.hidden = false;
    choose(0);
  };

  area.addEventListener("input", (event) => { if (!event.isComposing) look(); });
  area.addEventListener("compositionend", look);
  area.addEventListener("blur", () => setTimeout(close, 150));
  area.addEventListener("keydown", (event) => {
    if (box.hidden || event.isComposing || event.keyCode === 229 || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter" || event.key === "Tab") put();
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  box.addEventListener("mousedown", (event) => {
    const at = [...box.children].indexOf(event.target.closest("li"));
    if (at < 0) return;
    event.preventDefault();
    chosen = at;
    put();
  });
}
