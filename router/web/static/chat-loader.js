// The one script a site embeds: a button, and behind it a frame of the desk's. Nothing of the site
// is read or changed; its content policy must allow this script and a frame from the desk.
(() => {
  const script = document.currentScript;
  const desk = new URL(script.src).origin;
  const zh = (script.dataset.language || document.documentElement.lang || navigator.language || "").startsWith("zh");
  const words = zh
    ? { open: "在线客服", shut: "收起在线客服", frame: "在线客服对话", unread: (n) => `${n} 条新回复` }
    : { open: "Chat with us", shut: "Close the chat", frame: "Live chat", unread: (n) => (n === 1 ? "1 new answer" : `${n} new answers`) };
  const kept = `desk-chat:${script.dataset.account || ""}`;
  const memory = {
    get: () => { try { return localStorage.getItem(kept) || ""; } catch { return ""; } },
    set: (value) => { try { localStorage.setItem(kept, value); } catch { /* not allowed here: it is not remembered */ } },
  };

  const host = document.createElement("div");
  host.lang = zh ? "zh-CN" : "en";
  const root = host.attachShadow({ mode: "open" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { all: initial; position: fixed; z-index: 2147483000; inset: auto 1rem 1rem auto; font: 16px/1.4 system-ui, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
    button { display: flex; align-items: center; gap: .5rem; min-height: 48px; padding: 0 1.1rem; border: 2px solid #fff; border-radius: 24px; background: #0a6659; color: #fff; font: inherit; font-weight: 600; cursor: pointer; box-shadow: 0 4px 16px rgb(0 0 0 / 25%); margin-inline-start: auto; }
    button:hover { background: #07493f; }
    button:focus-visible { outline: 3px solid #1d5fd6; outline-offset: 3px; }
    .many { min-width: 1.4rem; padding: 0 .3rem; border-radius: .7rem; background: #ad2018; text-align: center; }
    .many:empty { display: none; }
    .off { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
    iframe { display: block; width: min(24rem, calc(100vw - 2rem)); height: min(38rem, calc(100vh - 6rem)); margin-bottom: .75rem; border: 1px solid #7f8a98; border-radius: 12px; background: #fff; box-shadow: 0 8px 32px rgb(0 0 0 / 25%); }
    iframe[hidden] { display: none; }
    @media (max-width: 30rem) {
      :host([open]) { inset: 0; }
      :host([open]) iframe { position: fixed; inset: 0; width: 100%; height: 100%; margin: 0; border: 0; border-radius: 0; }
      :host([open]) button { display: none; }
    }`);
  root.adoptedStyleSheets = [sheet];

  const button = document.createElement("button");
  button.type = "button";
  const name = document.createElement("span");
  name.textContent = words.open;
  const many = document.createElement("span");
  many.className = "many";
  many.setAttribute("aria-hidden", "true");
  const told = document.createElement("span");
  told.className = "off";
  told.setAttribute("role", "status");
  button.append(name, many);
  button.setAttribute("aria-expanded", "false");
  root.append(button, told);

  let frame = null;
  let ready = false;
  let begun = memory.get().includes("begun");
  const remember = (open) => memory.set([open && "open", begun && "begun"].filter(Boolean).join(" "));
  const tell = (what) => frame?.contentWindow.postMessage({ chat: what, identity: script.dataset.identity || "" }, desk);

  function load() {
    if (frame) return;
    frame = document.createElement("iframe");
    const address = new URL("/chat/talk", desk);
    address.searchParams.set("account", script.dataset.account || "");
    address.searchParams.set("lang", zh ? "zh" : "en");
    frame.src = address.href;
    frame.title = words.frame;
    frame.allow = "clipboard-write";
    frame.hidden = true;
    root.insertBefore(frame, button);
  }

  function show(open, focus = true) {
    load();
    frame.hidden = !open;
    host.toggleAttribute("open", open);
    button.setAttribute("aria-expanded", String(open));
    name.textContent = open ? words.shut : words.open;
    if (ready) tell(open ? "open" : "shut");
    if (open) { if (focus) frame.focus(); } else if (focus) button.focus();
    remember(open);
  }

  button.addEventListener("click", () => show(!frame || frame.hidden));
  addEventListener("message", (event) => {
    if (event.origin !== desk || event.source !== frame?.contentWindow) return;
    const said = event.data?.chat;
    if (said === "ready") { ready = true; tell(frame.hidden ? "shut" : "open"); }
    if (said === "shut") show(false);
    if (said === "begun" && !begun) { begun = true; remember(!frame.hidden); }
    if (said === "unread") {
      const n = Number(event.data.n) || 0;
      many.textContent = n ? String(n) : "";
      told.textContent = n ? words.unread(n) : "";
    }
  });

  const mount = () => {
    document.body.append(host);
    // A conversation that was begun goes on listening after the page was loaded anew.
    if (memory.get().includes("open")) show(true, false); else if (begun) load();
  };
  if (document.body) mount(); else addEventListener("DOMContentLoaded", mount);
})();
