// The menu in the bar: closed by Escape, by a click beside it, and when the focus goes on. Without
// it the menu opens and closes by its own heading.
const rest = document.querySelector(".bar .rest");

rest?.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !rest.open) return;
  event.stopPropagation();
  rest.open = false;
  rest.querySelector("summary").focus();
});
rest?.addEventListener("focusout", (event) => {
  if (event.relatedTarget && !rest.contains(event.relatedTarget)) rest.open = false;
});
document.addEventListener("click", (event) => {
  if (rest && !rest.contains(event.target)) rest.open = false;
});
