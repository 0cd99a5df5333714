// The conversation on the page. Text is only ever put in as text.
const LINK = /(https?:\/\/[^\s<>"'，。；！？）】]+)/;

function made(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function size(bytes) {
  return bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} KB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export class Talk {
  constructor(list, { say, time, download }) {
    this.list = list;
    this.say = say;
    this.time = time;
    this.download = download;
    this.clear();
  }

  clear() {
    this.list.replaceChildren();
    this.seq = 0;
    this.readTo = 0;
    this.desk = 0;         // how far the desk has read
    this.answered = false; // whether a person has answered
    this.mine = new Map(); // our messages by their own id
    this.seen = new Set();
  }

  /** Whether anything was said, or is about to be. */
  get begun() { return this.seen.size > 0 || this.mine.size > 0; }

  note(text) {
    this.list.append(made("div", "item event", text));
  }

  /** One of ours that is on its way. */
  pending(one) {
    if (this.mine.has(one.id)) return;
    const item = this.bubble({ from: "visitor", text: one.text, names: one.names });
    this.mine.set(one.id, { item, seq: 0 });
    this.state(one.id, this.say("sending"));
    this.list.append(item);
  }

  state(id, words) {
    const known = this.mine.get(id);
    if (known) known.item.querySelector(".state").textContent = words;
  }

  waits(id) { this.state(id, this.say("waiting")); }

  delivered(id, seq) {
    const known = this.mine.get(id);
    if (!known) return;
    known.seq = seq;
    this.states();
  }

  failed(id, words) {
    const known = this.mine.get(id);
    if (!known) return;
    known.item.classList.add("failed");
    this.state(id, words);
  }

  forget(id) {
    this.mine.get(id)?.item.remove();
    this.mine.delete(id);
  }

  upto(seq) {
    this.desk = Math.max(this.desk, seq);
    this.states();
  }

  /** Only the last one says how far it has come. */
  states() {
    const known = [...this.mine.values()].filter((one) => one.seq);
    const last = known.reduce((most, one) => Math.max(most, one.seq), 0);
    for (const one of known) {
      one.item.querySelector(".state").textContent = one.seq === last ? this.say(one.seq <= this.desk ? "read" : "sent") : "";
    }
  }

  /** An event of the conversation; false when it was here before. */
  take(event) {
    if (this.seen.has(event.seq)) return false;
    this.seen.add(event.seq);
    this.seq = Math.max(this.seq, event.seq);
    if (event.type === "message") this.message(event);
    else if (event.type === "agent_joined") this.note(event.name ? this.say("joined", { name: event.name }) : this.say("joined_nameless"));
    else if (event.type === "ticket_opened") this.note(this.say("ticket", { number: event.number }));
    else if (event.type === "offline_notice") this.note(this.say("closed_notice", { time: this.time(event.opens_at) }));
    else if (event.type === "closed") this.note(this.say(event.by === "visitor" ? "closed_visitor" : "closed_desk"));
    else if (event.type === "read") this.upto(event.upto);
    return true;
  }

  message(event) {
    const item = this.bubble(event);
    item.dataset.seq = event.seq;
    if (event.from === "visitor") {
      this.mine.get(event.client_msg_id)?.item.remove();
      this.mine.set(event.client_msg_id, { item, seq: event.seq });
    } else if (event.from === "agent") {
      this.answered = true;
    }
    // What is still on its way stays below what has arrived.
    const waiting = [...this.mine.values()].find((one) => !one.seq);
    if (waiting) waiting.item.before(item); else this.list.append(item);
    this.states();
  }

  /** A message longer than what is seen of the page is read from its beginning. */
  show(seq, scroll, always = false) {
    const item = this.list.querySelector(`[data-seq="${seq}"]`);
    if (item && (always || item.offsetHeight > scroll.clientHeight)) scroll.scrollTop += item.getBoundingClientRect().top - scroll.getBoundingClientRect().top - 8;
  }

  /** How far what was said has come into sight: up to the last one whose first line has. */
  seenTo(scroll) {
    const end = scroll.getBoundingClientRect().bottom;
    const below = [...this.list.querySelectorAll("[data-seq]")].find((item) => {
      const at = item.getBoundingClientRect();
      return at.top + Math.min(at.height, 40) > end;
    });
    return below ? Number(below.dataset.seq) - 1 : this.seq;
  }

  bubble({ from, text, name, at, files = [], names = [] }) {
    const item = made("div", `item ${from}`);
    const by = made("p", "by");
    const who = from === "visitor" ? this.say("me") : from === "agent" ? name || this.say("desk") : this.say("automatic");
    by.append(made("b", "", who));
    if (at) {
      const when = made("time", "", this.time(at));
      when.dateTime = at;
      by.append(when);
    }
    const words = made("p", "words");
    words.dir = "auto";
    const said = text || (files.length || names.length ? "" : this.say("kept_unread"));
    for (const [place, part] of said.split(LINK).entries()) {
      if (place % 2 && from !== "visitor") {
        const link = made("a", "", part);
        link.href = part;
        link.target = "_blank";
        link.rel = "noopener noreferrer";
        words.append(link);
      } else words.append(part);
    }
    item.append(by, words);
    if (files.length || names.length) {
      const list = made("ul");
      for (const file of files) {
        const entry = made("li");
        const button = made("button", "", this.say("download", { name: file.name, size: size(file.size) }));
        button.type = "button";
        button.addEventListener("click", () => this.download(file));
        entry.append(button);
        list.append(entry);
      }
      for (const one of names) list.append(made("li", "", one));
      item.append(list);
    }
    if (from === "visitor") item.append(made("p", "state"));
    return item;
  }
}
