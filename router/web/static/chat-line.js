// The line to the desk: events come down one stream, or by asking now and then where streams do not
// get through or all places are taken. What came is never asked for twice, what did not is.
const SILENCE = 40000; // the desk says something every 15 s; a line that says less is dead
const FIRST = 8000;    // a stream of which nothing is heard is held back by somebody on the way
const HIDDEN = 600000; // nobody looks: the line is let go, the next look takes it up again

const spoken = document.documentElement.lang.startsWith("zh") ? "?lang=zh" : "?lang=en";

/** An answer that is no success, as an error with its words. */
export async function problem(answer) {
  const told = await answer.json().catch(() => ({}));
  const after = Number(answer.headers.get("Retry-After")) * 1000 || 0;
  return Object.assign(new Error(told.detail || `HTTP ${answer.status}`), { status: answer.status, code: told.code, errors: told.errors, after });
}

export class Line {
  constructor({ token, on }) {
    this.token = token;
    this.on = on;
    this.seq = 0;
    this.running = false;
    this.streams = true;
    this.retry = 2000 + Math.random() * 3000; // until the desk says how long
    this.cut = null;   // ends what is under way
    this.wake = null;  // ends a pause
    this.let = 0;
  }

  headers(more = {}) {
    return this.token() ? { Authorization: `Bearer ${this.token()}`, ...more } : more;
  }

  /** POST as JSON, or as a form where there are files. */
  send(path, body) {
    const form = body instanceof FormData;
    return fetch(`/chat/v1/${path}${spoken}`, {
      method: "POST",
      headers: this.headers(form ? {} : { "Content-Type": "application/json" }),
      body: form ? body : JSON.stringify(body),
      keepalive: !form,
    });
  }

  async post(path, body) {
    const answer = await this.send(path, body);
    if (!answer.ok) throw await problem(answer);
  }

  get(path, more = {}) {
    return fetch(`/chat/v1/${path}${path.includes("?") ? spoken.replace("?", "&") : spoken}`, { headers: this.headers(), ...more });
  }

  /** Listen from a number on; a line that is up already stays. */
  start(seq) {
    if (this.running) { if (this.polls) this.again(); return; }
    this.seq = Math.max(this.seq, seq);
    this.running = true;
    this.run();
  }

  /** Ask at once, whatever the line is waiting for. */
  again() {
    this.wake?.();
    this.cut?.abort();
  }

  hidden(is) {
    clearTimeout(this.let);
    if (is) this.let = setTimeout(() => { this.running = false; this.again(); }, HIDDEN);
    else if (this.token()) this.start(this.seq);
  }

  pause(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.wake = () => { clearTimeout(timer); resolve(); };
    });
  }

  async run() {
    let failures = 0;
    while (this.running && this.token()) {
      let next = 0;
      try {
        next = this.streams ? await this.stream() : await this.poll();
        failures = 0;
        this.on("net", { state: "ok" });
      } catch (fault) {
        if (fault.status === 404) { this.running = false; this.seq = 0; this.on("gone"); return; }
        if (!this.running) return;
        failures += 1;
        if (failures > 1) this.on("net", { state: "away" });
        next = fault.after || (failures === 1 ? this.retry : Math.min(1000 * 2 ** failures, 30000) * (0.5 + Math.random()));
      }
      this.polls = next > 0;
      if (next > 0 && this.running) await this.pause(next);
    }
  }

  take(type, told) {
    if (told.seq !== undefined && type !== "state") {
      if (told.seq <= this.seq) return; // seen before
      this.seq = told.seq;
    }
    this.on(type, told);
  }

  /** Reads one stream to its end; how long to wait before the next one. */
  async stream() {
    const cut = (this.cut = new AbortController());
    let first = true;
    let timer = setTimeout(() => { this.streams = false; cut.abort(); }, FIRST);
    let next = 0;
    try {
      const answer = await this.get("stream", { signal: cut.signal, headers: this.headers({ "Last-Event-ID": String(this.seq) }) });
      if (!answer.ok) throw await problem(answer);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      for (;;) {
        const { value, done } = await reader.read();
        if (done) return next || this.retry;
        clearTimeout(timer);
        timer = setTimeout(() => cut.abort(), SILENCE);
        if (first) { first = false; this.on("net", { state: "ok" }); }
        const parts = (rest + value).split("\n\n");
        rest = parts.pop();
        for (const part of parts) {
          const fields = Object.fromEntries(part.split("\n").map((row) => row.match(/^(\w*): ?(.*)$/)?.slice(1) ?? ["", ""]));
          if (fields.retry) this.retry = Number(fields.retry);
          if (!fields.data) continue;
          const told = JSON.parse(fields.data);
          if (fields.event === "poll") next = told.again * 1000;
          else this.take(fields.event, told);
        }
      }
    } catch (fault) {
      if (fault.name !== "AbortError") throw fault;
      return 0;
    } finally {
      clearTimeout(timer);
      cut.abort();
    }
  }

  /** Asks once, and waits there for news while the desk has room for that. */
  async poll() {
    const cut = (this.cut = new AbortController());
    try {
      const answer = await this.get(`messages?after=${this.seq}&wait=20`, { signal: cut.signal });
      if (!answer.ok) throw await problem(answer);
      const told = await answer.json();
      this.on("state", told);
      for (const event of told.events) this.take(event.type, event);
      return told.again * 1000;
    } catch (fault) {
      if (fault.name === "AbortError") return 0;
      throw fault;
    }
  }
}
