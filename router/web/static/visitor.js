// Shows whether the visitor of a chat is there, types, and has read what was answered.
import { ask, exchange } from "./parts.js";

const EVERY = 2000;
let asking = false;

async function look() {
  const line = document.getElementById("visitor");
  const pane = document.getElementById("pane");
  if (asking || document.hidden || !pane || !line?.dataset.doing) return;
  asking = true;
  try {
    const { status, document: told } = await ask(`/ticket/${pane.dataset.number}/visitor`);
    const fresh = status === 200 ? told?.getElementById("visitor") : null;
    // Exchanged only when it says something else, so that it is read aloud only then.
    if (fresh && document.getElementById("pane") === pane && fresh.textContent !== line.textContent) exchange(told, "visitor");
  } catch {
    // The desk is away for a moment; the next round asks again.
  } finally {
    asking = false;
  }
}

setInterval(look, EVERY);
