// Ctrl+K: everything that can be done or gone to from here, found by a few letters. It lists the
// page's own links and buttons, so it never offers what the page would not do.
const MOST = 12;
const place = () => document.getElementById("palette");
let all = [];
let chosen = 0;

const textOf = (one) => (one.getAttribute("aria-label") ?? one.textContent).replace(/\s+/g, " ").trim();

function collect() {
  const found = [];
  const add = (group, nodes, run) => {
    for (const one of nodes) {
      const name = one.cloneNode(true);
      for (const gone of name.querySelectorAll?.("kbd, .count, .unseen") ?? []) gone.remove();
      const menu = one.closest("details.menu")?.querySelector("summary").firstChild.textContent.trim();
      const said = menu ? `${menu}: ${textOf(name)}` : textOf(name);
      if (said) found.push({ name: said, group, run: () => run(one) });
    }
  };
  const words = place().dataset;
  add(words.acts, document.querySelectorAll("#pane-head .acts button:not([value=at]), #offer button"), (one) => one.click());
  add(words.acts, document.querySelectorAll("#writing summary b"), (one) => {
    const details = one.closest("details");
    details.open = true;
    details.querySelector("textarea").focus();
  });
  for (const select of document.querySelectorAll("#about .field select")) {
    const label = select.form.querySelector("label")?.textContent ?? "";
    for (const option of select.options) {
      if (option.selected) continue;
      found.push({ name: `${label}: ${option.textContent}`, group: words.acts, run: () => {
        select.value = option.value;
        select.form.requestSubmit();
      } });
    }
  }
  add(words.views, document.querySelectorAll("#views a"), (one) => one.click());
  add(words.pages, document.querySelectorAll(".bar nav a, .list-head a.new"), (one) => one.click());
  return found;
}

function show() {
  const wanted = place().querySelector("input").value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = all.filter((one) => wanted.every((word) => `${one.name} ${one.group}`.toLowerCase().includes(word)));
  const list = place().querySelector("ul");
  list.replaceChildren(...fits.slice(0, MOST).map((one, at) => {
    const line = document.createElement("li");
    line.id = `palette-${at}`;
    line.setAttribute("role", "option");
    const name = document.createElement("span");
    name.textContent = one.name;
    const group = document.createElement("span");
    group.className = "muted small";
    group.textContent = one.group;
    line.append(name, group);
    line.addEventListener("click", () => run(one));
    line.entry = one;
    return line;
  }));
  const none = place().querySelector("#palette-none");
  none.textContent = fits.length ? "" : none.dataset.words;
  choose(0);
}

function choose(at) {
  const lines = [...place().querySelectorAll("li")];
  const input = place().querySelector("input");
  input.setAttribute("aria-expanded", String(lines.length > 0));
  chosen = lines.length ? (at + lines.length) % lines.length : 0;
  lines.forEach((line, number) => line.setAttribute("aria-selected", String(number === chosen)));
  if (lines.length) { input.setAttribute("aria-activedescendant", lines[chosen].id); lines[chosen].scrollIntoView({ block: "nearest" }); }
  else input.removeAttribute("aria-activedescendant");
}

/** What was listed may have been exchanged for fresher parts since: it is looked for again. */
function run(one) {
  place().close();
  if (one) collect().find((other) => other.name === one.name && other.group === one.group)?.run();
}

document.addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229 || event.altKey || event.shiftKey) return;
  if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  if (place().open) { place().close(); return; }
  all = collect();
  place().querySelector("input").value = "";
  place().showModal();
  show();
});

place().querySelector("input").addEventListener("input", (event) => { if (!event.isComposing) show(); });
place().querySelector("input").addEventListener("compositionend", show);
place().querySelector("input").addEventListener("keydown", (event) => {
  if (event.isComposing || event.keyCode === 229) return;
  if (event.key === "ArrowDown") choose(chosen + 1);
  else if (event.key === "ArrowUp") choose(chosen - 1);
  else if (event.key === "Enter") run(place().querySelectorAll("li")[chosen]?.entry);
  else return;
  event.preventDefault();
});
