// New lines of the conversation appear by themselves; the page works without this.
const talk = document.getElementById("talk");
let seen = null;

async function look() {
  const answer = await fetch(`/ledger?platform=${encodeURIComponent(talk.dataset.on)}`);
  if (!answer.ok) return;
  const lines = (await answer.json()).filter(
    (line) => line.person === talk.dataset.person && line.way !== "call",
  );
  const newest = lines.length ? lines[lines.length - 1].number : 0;
  if (seen !== null && newest !== seen) {
    const page = await (await fetch(location.href)).text();
    const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("talk");
    talk.replaceChildren(...fresh.children);
  }
  seen = newest;
}

setInterval(() => look().catch(() => {}), 1500);
