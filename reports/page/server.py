"""`python -m reports serve DIR`: the page of a sweep while it runs, on this machine's loopback address alone.

Read-only: GET and HEAD, a token in the address (or in the cookie that it sets), a Host header that names the
loopback, files of the sweep's own directory that are no links.
"""

import hmac
import json
import secrets
import sys
import time
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from reports.page.answers import awaited, file_of, runs_json, waiting
from reports.page.block import number
from reports.page.content import Content
from reports.page.events import event
from reports.page.live import Live
from sweeps.records.untrusted import printable, read_file

LOOPBACK = "127.0.0.1"
BEAT_S = 2.0
PATIENCE_S = 60.0  # with a client that sends no whole request, or takes no answer
LONGEST_VERSION = 18  # digits
TYPES = {".html": "text/html", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml"}
LARGEST = 256 * 2**20


def runs_text(content: Content) -> str:
    """Return every run as JSON."""
    return json.dumps(number(runs_json(content)), ensure_ascii=False, allow_nan=False)


class Server(ThreadingHTTPServer):
    """Serves one sweep to whoever has the token."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, live: Live, port: int) -> None:
        self.live, self.token = live, secrets.token_urlsafe(18)
        super().__init__((LOOPBACK, port), Handler)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        """What to open in a browser."""
        return f"http://{LOOPBACK}:{self.port}/?token={self.token}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that has closed its connection; of anything else one line."""
        kind, error = sys.exc_info()[:2]
        if kind is not None and not issubclass(kind, ConnectionError | TimeoutError):
            print(printable(f"{kind.__name__}: {error}"), file=sys.stderr, flush=True)


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
    timeout = PATIENCE_S
    server_version = "mlp-grid"
    sys_version = ""

    def log_message(self, *_: Any) -> None:
        """Log nothing: a token is part of every address."""

    def do_GET(self) -> None:
        """Answer a GET (and, without the content, a HEAD)."""
        if not self.is_local():
            return self.refuse(HTTPStatus.FORBIDDEN, "This server answers on the loopback address only.")
        if not self.has_token():
            return self.refuse(
                HTTPStatus.FORBIDDEN, "The token is missing: open the address that was printed."
            )
        path = self.target.path
        answers: dict[str, Callable[[], None]] = {
            "/": self.send_page,
            "/events": self.send_events,
            "/api/runs.json": lambda: self.send_json(runs_text),
            "/api/findings.json": lambda: self.send_json(lambda content: content.findings),
        }
        if path in answers:
            return answers[path]()
        return self.send_file(unquote(path, errors="replace"))

    do_HEAD = do_GET

    @property
    def target(self) -> SplitResult:
        """The address that is asked for; one that cannot be taken apart has no parts."""
        try:
            return urlsplit(self.path)
        except ValueError:
            return SplitResult("", "", "", "", "")

    def is_local(self) -> bool:
        """Whether the Host header names the loopback: no page elsewhere reaches in by a name of its own."""
        host = self.headers.get("Host", "")
        return host in {f"{name}:{self.server.port}" for name in (LOOPBACK, "localhost")}

    def has_token(self) -> bool:
        """Whether the address or the cookie has the token."""
        given = parse_qs(self.target.query).get("token", [""])[0]
        name = f"sweep-{self.server.port}="
        crumbs = (part.strip() for part in self.headers.get("Cookie", "").split(";"))
        cookie = next((part.removeprefix(name) for part in crumbs if part.startswith(name)), "")
        token = self.server.token.encode()
        return any(hmac.compare_digest(text.encode(errors="replace"), token) for text in (given, cookie))

    def refuse(self, status: HTTPStatus, why: str) -> None:
        """Answer with a status and one line."""
        self.send_content(f"{why}\n".encode(), "text/plain", status)

    def send_content(
        self, content: bytes, kind: str, status: HTTPStatus = HTTPStatus.OK, cookie: str = ""
    ) -> None:
        """Send a whole answer."""
        self.send_response(status)
        headers = {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(content)),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "X-Frame-Options": "DENY",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if cookie:
            headers["Set-Cookie"] = cookie
        for key, value in headers.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def send_page(self) -> None:
        """Send the page; before there is a sweep, one that says so and asks again."""
        page = self.server.live.page() or waiting(self.server.live.root)
        cookie = f"sweep-{self.server.port}={self.server.token}; HttpOnly; SameSite=Strict; Path=/"
        self.send_content(page.encode(errors="replace"), "text/html", cookie=cookie)

    def send_json(self, made: Callable[[Content], str]) -> None:
        """Send what scripts ask for."""
        findings = self.server.live.findings
        if findings is None:
            return self.refuse(HTTPStatus.SERVICE_UNAVAILABLE, awaited(self.server.live.root))
        return self.send_content(made(findings.content).encode(errors="replace"), "application/json")

    def send_file(self, path: str) -> None:
        """Send a file of a run (files/RUN/NAME), or of the report."""
        found = content = None
        try:
            found = file_of(self.server.live.root, path)
            content = read_file(found, LARGEST) if found else None
        except (OSError, ValueError):
            pass  # as one that is not there
        if found is None or content is None:
            return self.refuse(HTTPStatus.NOT_FOUND, "There is no such file.")
        kind = TYPES.get(found.suffix, "text/plain")
        return self.send_content(content, "text/plain" if kind == "text/html" else kind)

    def send_events(self) -> None:
        """Send what changes, as long as somebody listens."""
        live, query = self.server.live, parse_qs(self.target.query)
        plan = version_of(query.get("plan", [""])[0], 0)
        version = known_version(query, self.headers.get("Last-Event-ID"))
        findings, sent = version, dict[str, int]()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/event-stream; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        while self.command != "HEAD" and not live.over.is_set():
            live.wait(version, findings, BEAT_S)
            if live.findings is not None and live.findings.plan > plan:
                self.wfile.write(event("plan", {}))
                return
            version, runs = live.runs_since(version, sent)
            news = live.findings_since(findings)
            made = live.findings.made if live.findings else time.time()
            content = event("runs", {"runs": runs}, version) if runs else b""
            if news is not None:
                findings = live.findings_version
                content += event("findings", news)
            age = {"findings_s": round(time.time() - made)}
            self.wfile.write(content + event("beat", age))
            self.wfile.flush()


def known_version(query: dict[str, list[str]], last: str | None) -> int:
    """Return the version that a client has: of its last event, or of its page."""
    return version_of(last or query.get("version", [""])[0], -1)


def version_of(text: str, otherwise: int) -> int:
    """Return the version that a text is, or what stands for a text that is none."""
    digits = text.isascii() and text.isdigit() and len(text) <= LONGEST_VERSION
    return int(text) if digits else otherwise
