"""The live server in a thread of the tests' process, and what its clients see of it."""

import http.client
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from reports.page.live import Live
from reports.page.serve import build
from reports.page.server import Server

PATIENCE_S = 20.0


class Served:
    """A server, as its clients see it."""

    def __init__(self, port: int, token: str, address: str = "") -> None:
        self.port, self.token, self.address = port, token, address

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes]:
        """Return status and content; the token is added unless the path has a query of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        target = path if "?" in path else f"{path}?token={self.token}"
        connection.putrequest(method, target, skip_host="Host" in headers)
        for key, value in headers.items():
            connection.putheader(key, value)
        connection.endheaders()
        answer = connection.getresponse()
        content = answer.status, answer.read()
        connection.close()
        return content

    def json(self, path: str) -> Any:
        """Return what a path answers, as soon as there is a sweep."""
        end = time.monotonic() + PATIENCE_S
        while (answer := self.get(path))[0] == 503 and time.monotonic() < end:
            time.sleep(0.2)
        return json.loads(answer[1])

    def events(self, version: int = -1) -> Iterator[tuple[str, Any]]:
        """Yield the events as they come."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        connection.request("GET", f"/events?token={self.token}&version={version}&plan=9")
        answer, kind = connection.getresponse(), ""
        for line in answer:
            text = line.decode().rstrip("\n")
            if text.startswith("event: "):
                kind = text.removeprefix("event: ")
            elif text.startswith("data: "):
                yield kind, json.loads(text.removeprefix("data: "))


@contextmanager
def serving(root: Path) -> Iterator[Served]:
    """Serve a directory from a thread of this process."""
    live = Live(root, build)
    server = Server(live, 0)
    live.start()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Served(server.port, server.token, server.address)
    finally:
        live.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
