"""Open pages that are told of changes, in a process of their own: what they cost is not the desk's,
nor shall it stand in the way of whoever measures.

    python bench/readers.py PORT COOKIE COUNT     says "open" once all of them are
"""

import selectors
import socket
import sys


def main():
    port, cookie, count = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    heard = selectors.DefaultSelector()
    for _ in range(count):
        line = socket.create_connection(("127.0.0.1", port), timeout=30)
        line.sendall(f"GET /live HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        told = b""
        while b"event: changed" not in told:
            told += line.recv(4096)
            if not told:
                sys.exit("the desk gave no stream")
        line.settimeout(0)
        heard.register(line, selectors.EVENT_READ)
    print("open", flush=True)
    while heard.get_map():
        for key, _ in heard.select():
            if not key.fileobj.recv(65536):
                heard.unregister(key.fileobj)


if __name__ == "__main__":
    main()
