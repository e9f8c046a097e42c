"""Serving a sweep: begin, say where, end with Ctrl-C."""

import errno
import getpass
import os
import signal
from pathlib import Path

from reports.analysis.sweep import analyse
from reports.page.adapter import content_of
from reports.page.content import Content
from reports.page.live import Live
from reports.page.server import LOOPBACK, Server
from reports.page.watch import Watch
from reports.runs.reader import load
from reports.sources.judged import judged
from sweeps.records.errors import UserError
from sweeps.records.layout import PLAN, cell_dirs
from sweeps.records.untrusted import printable

USUAL_PORT = 8765  # as the help of the command says


def check_directory(root: Path) -> None:
    """Raise UserError for what is something else than a sweep's directory; one that is to come is awaited."""
    if root.is_dir():
        names = {entry.name for entry in os.scandir(root)} - {".sweep", "report"}
        if names and PLAN not in names and not cell_dirs(root):
            raise UserError(
                f"{root}: holds no plan and no run records, but other files; this is no sweep's directory"
            )
    elif root.exists() or root.is_symlink():
        raise UserError(f"{root}: is no directory")
    else:
        above = next((path for path in root.absolute().parents if path.exists() or path.is_symlink()), None)
        if above is not None and not above.is_dir():
            raise UserError(f"{root}: can never be a directory, as {above} is none")


def open_server(live: Live, port: int | None) -> Server:
    """Return the server on a port (None: the usual, or any free one). Raises UserError if it is in use."""
    try:
        return Server(live, USUAL_PORT if port is None else port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE and port is None:
            return Server(live, 0)
        reason = "is in use" if error.errno == errno.EADDRINUSE else error.strerror
        raise UserError(f"port {port}: {reason}") from error
    except OverflowError:
        raise UserError(f"port {port}: must be from 0 to 65535") from None


def tunnel(port: int) -> str:
    """Return the command that brings the port to another machine, if this was logged into over ssh."""
    words = os.environ.get("SSH_CONNECTION", "").split()
    if len(words) != 4:
        return ""
    return f"ssh -N -L {port}:{LOOPBACK}:{port} {getpass.getuser()}@{words[2]}"


def build(root: Path, watch: Watch) -> Content:
    """Return the content of a sweep, reading only what changed."""
    results = load(root, known=watch)
    return content_of(analyse(results), judged(results))


def serve(root: Path, port: int | None) -> None:
    """Serve a sweep until Ctrl-C."""
    check_directory(root)
    live = Live(root, build)
    server = open_server(live, port)
    try:
        live.start()
        print(printable(f"{root}: {server.address}"), flush=True)
        if command := tunnel(server.port):
            print(f"from your own machine first: {command}", flush=True)
        print("Ctrl-C ends it.", flush=True)
        server.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    finally:
        server.server_close()
        live.end()
