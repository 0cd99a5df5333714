// Tells the page when something changed: through one shared stream, or by asking now and then.
const tell = (told = {}) => document.dispatchEvent(new CustomEvent("desk-changed", { detail: told }));
let etag = "";
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("desk", {
      createScriptURL: (address) => {
        if (new URL(address, location.href).origin !== location.origin) throw new TypeError(address);
        return address;
      },
    })
  : null;
const trusted = (address) => (policy ? policy.createScriptURL(address) : address);

async function ask() {
  try {
    const answer = await fetch("/live/state", { headers: etag ? { "If-None-Match": etag } : {} });
    if (answer.status === 200) {
      const fresh = answer.headers.get("ETag") || "";
      if (etag && fresh !== etag) tell();
      etag = fresh;
    }
  } catch {
    // The desk is away for a moment; the next round asks again.
  }
}

let polling = false;
function poll() {
  if (polling) return; // the shared stream says "full" to every tab, each time it fails
  polling = true;
  ask();
  setInterval(() => { if (!document.hidden) ask(); }, 5000);
}

function listen() {
  const place = document.querySelector("meta[name=live-worker]");
  const shared = new SharedWorker(trusted(place.content), { name: "desk-live" });
  shared.port.onmessage = (event) => { if (event.data === "full") poll(); else tell(event.data); };
  shared.port.start();
}

if ("SharedWorker" in window) {
  try { listen(); } catch { poll(); }
} else {
  poll();
}
