// Fetching and exchanging parts of a page. The browser parses them as a document of its own, in
// which nothing runs, so no text ever becomes markup through a script.

/** GET or POST, answered with {status, document, address}; throws when the desk is out of reach. */
export function ask(address, { part = "1", body = null } = {}) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", address);
    request.responseType = "document";
    request.timeout = 20000;
    if (part) request.setRequestHeader("X-Part", part);
    request.onload = () => resolve({
      status: request.status,
      document: request.response,
      address: request.responseURL,
    });
    request.onerror = request.ontimeout = () => reject(new Error("unreachable"));
    request.send(body);
  });
}

/** Puts the element of the same id from another document in place of ours; the new one. */
export function exchange(from, id) {
  const old = document.getElementById(id);
  const fresh = from && from.getElementById(id);
  if (!old || !fresh) return null;
  const adopted = document.adoptNode(fresh);
  old.replaceWith(adopted);
  return adopted;
}
