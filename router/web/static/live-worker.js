// One stream for all tabs of this browser.
const ports = new Set();
let source = null;
let failures = 0;

const say = (word) => { for (const port of ports) port.postMessage(word); };

function open() {
  source = new EventSource("/live");
  source.addEventListener("changed", (event) => { failures = 0; say(JSON.parse(event.data)); });
  source.onerror = () => {
    failures += 1;
    if (source.readyState === EventSource.CLOSED || failures > 3) {
      source.close();
      source = null;
      say("full");
    }
  };
}

self.onconnect = (event) => {
  const port = event.ports[0];
  ports.add(port);
  port.onmessage = () => {};
  if (!source) open();
};
