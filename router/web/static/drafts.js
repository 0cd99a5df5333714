// What is being written survives reloads: kept in this browser, by person, ticket and kind.
const WAIT = 300;

const keyOf = (form) => {
  const agent = document.getElementById("panes")?.dataset.agent ?? "";
  const number = form.closest("[data-number]")?.dataset.number ?? "";
  return `draft:${agent}:${number}:${form.dataset.draft}`;
};

const read = (key) => { try { return localStorage.getItem(key) ?? ""; } catch { return ""; } };
const write = (key, text) => {
  try { text ? localStorage.setItem(key, text) : localStorage.removeItem(key); } catch { /* full, or private */ }
};

/** Says something beside the buttons of a form. */
export function say(form, word, wrong = false) {
  const place = form.querySelector(".saved");
  if (!place) return;
  place.textContent = word ? place.dataset[word] ?? "" : "";
  place.classList.toggle("wrong", wrong);
}

/** Brings back what was written before and keeps what is written from now on. */
export function keep(form) {
  const area = form.querySelector("textarea");
  const key = keyOf(form);
  let waiting = 0;
  const kept = read(key);
  if (kept && !area.value) {
    area.value = kept;
    say(form, "back");
    form.closest("details").open = true;
  }
  area.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      write(key, area.value);
      say(form, area.value ? "saved" : "");
    }, WAIT);
  });
  form.keepNow = () => { clearTimeout(waiting); write(key, area.value); };
  form.forget = () => { clearTimeout(waiting); write(key, ""); };
}

/** Keeps everything at once: the page is about to go. */
export function keepAll() {
  for (const form of document.querySelectorAll("form[data-draft]")) form.keepNow?.();
}
