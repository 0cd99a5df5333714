// Tells somebody who looks elsewhere that something new waits: a count before the page's name, and by
// choice a notice and a sound. Neither says who wrote nor what: only how urgent and about which kind
// of matter. Several at once are one notice; security comes through at any choice of view.
const CHOICES = ["notices", "sound"];
const MOST = 3;

const chosen = (name) => { try { return localStorage.getItem(`alert:${name}`) === "on"; } catch { return false; } };
const choose = (name, on) => { try { localStorage.setItem(`alert:${name}`, on ? "on" : "off"); } catch { /* private */ } };

/** The page's name with so many new ones before it; none takes the number away. */
export function count(n) {
  const bare = document.title.replace(/^\(\d+\) /, "");
  document.title = n ? `(${n}) ${bare}` : bare;
}

function sound(grave) {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const loud = context.createGain();
  tone.frequency.value = grave ? 880 : 520;
  loud.gain.setValueAtTime(0.08, context.currentTime);
  loud.gain.exponentialRampToValueAtTime(0.001, context.currentTime + 0.4);
  tone.connect(loud).connect(context.destination);
  tone.onended = () => context.close();
  tone.start();
  tone.stop(context.currentTime + 0.4);
}

/** Says it once, whichever tabs are open: notices of one tag take each other's place. */
export function tell(title, body, grave) {
  if (!document.hidden) return;
  if (chosen("sound")) sound(grave);
  if (!chosen("notices") || !("Notification" in window) || Notification.permission !== "granted") return;
  const notice = new Notification(title, { body, tag: grave ? "desk-alarm" : "desk", renotify: true, requireInteraction: grave });
  notice.onclick = () => { window.focus(); notice.close(); };
}

/** What a line of the list may say outside the page. */
export const matters = (lines) => lines.slice(0, MOST)
  .map((line) => `${line.querySelector(".l-urgency").textContent} ${line.querySelector(".l-category").textContent}`)
  .join("\n");

for (const name of CHOICES) {
  const box = document.getElementById(`alert-${name}`);
  if (!box) continue;
  box.checked = chosen(name);
  box.addEventListener("change", async () => {
    if (name === "notices" && box.checked && "Notification" in window) {
      box.checked = await Notification.requestPermission() === "granted";
    }
    choose(name, box.checked);
  });
}
