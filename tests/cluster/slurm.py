"""A real SLURM on this machine alone: munged, mariadbd, slurmdbd, slurmctld, slurmd; as long as a test runs.

It listens on 127.0.0.1 only and keeps everything it writes in one directory. It needs root and the packages
slurm-wlm, slurmdbd, munge and mariadb-server.
"""

import contextlib
import os
import pwd
import secrets
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.cluster.servers import Unavailable, answers, call, find, free_ports, server, wait_for

PROGRAMS = (
    *("munged", "mariadbd", "mariadb-install-db", "mariadb", "mariadb-admin"),
    *("slurmdbd", "slurmctld", "slurmd", "sacctmgr", "scontrol"),
    *("sinfo", "squeue", "scancel", "sbatch", "sacct"),
)
PACKAGES = "apt-get install --no-install-recommends slurm-wlm slurmdbd munge mariadb-server"
REQUEUE_S = 15  # before SLURM starts again what it has put back into the queue; sooner, slurmd refuses it
SLURM_CONF = """
ClusterName=gridtest
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire={requeue_s}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={ctld}
SlurmdPort={d}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
JobAcctGatherType=jobacct_gather/linux
AccountingStorageType=accounting_storage/{storage}
ReturnToService=2
KillWait=5
SchedulerParameters=batch_sched_delay=0,sched_interval=1
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} RealMemory={memory} State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""
ACCOUNTING = """
AccountingStorageHost=127.0.0.1
AccountingStoragePort={dbd}
AccountingStoragePass={folder}/munge.socket
"""
SLURMDBD_CONF = """
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={dbd}
SlurmUser=root
LogFile={folder}/log/slurmdbd.log
PidFile={folder}/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={db}
StorageUser=slurm
StoragePass={password}
StorageLoc=slurm_acct
"""


@dataclass(frozen=True)
class Slurm:
    """A running SLURM: its directory, what its commands need to find it, and those commands."""

    folder: Path
    environment: dict[str, str]
    programs: dict[str, str]

    def __call__(self, program: str, *arguments: str) -> str:
        """Run one of SLURM's commands, such as scancel, and return what it prints."""
        return call(self.programs[program], *arguments, environment=self.environment)

    def pid(self, server: str) -> int:
        """Return the process id of one of SLURM's servers."""
        return int((self.folder / f"{server}.pid").read_text())

    def steps(self) -> list[psutil.Process]:
        """Return the processes with which slurmd looks after tasks; they outlive it."""
        own = f"SLURM_CONF={self.environment['SLURM_CONF']}".encode()
        found = []
        for process in psutil.process_iter(["name"]):
            with contextlib.suppress(
                OSError
            ):  # psutil cannot read the environment of one that renamed itself
                environment = Path(f"/proc/{process.pid}/environ").read_bytes()
                if process.info["name"] == "slurmstepd" and own in environment:
                    found.append(process)
        return found

    def end_steps(self) -> None:
        """End what is left of the tasks: without slurmctld they wait for it for long."""
        for process in (steps := self.steps()):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(steps, timeout=10)

    def tasks(self) -> dict[str, str]:
        """Return task id → state of everything in the queue."""
        rows = self("squeue", "--noheader", "--array", "--format=%i %T").splitlines()
        return dict(row.split() for row in rows)

    def update_node(self, *settings: str) -> None:
        """Change the only node's state."""
        node = self("sinfo", "--noheader", "--format=%n").strip()
        self("scontrol", "update", f"nodename={node}", *settings)

    def resume(self) -> None:
        """Let the node be used again if it is not."""
        with contextlib.suppress(Unavailable):  # it has come back by itself
            self.update_node("state=resume")


@contextlib.contextmanager
def single_node_slurm(folder: Path, *, cpus: int = 2, accounting: bool = True) -> Iterator[Slurm]:
    """Run SLURM within the body, everything it writes in `folder`. Raises Unavailable, with the reason."""
    programs = find(*PROGRAMS)
    if os.geteuid() != 0:
        raise Unavailable("slurmctld and slurmd need root")
    for name in ("state", "spool", "log", "db"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    ports = dict(zip(("ctld", "d", "dbd", "db"), free_ports(4), strict=True))
    values = {
        **ports,
        "folder": folder,
        "host": socket.gethostname().partition(".")[0],
        "cpus": cpus,
        "memory": 4000,
        "requeue_s": REQUEUE_S,
        "password": secrets.token_hex(16),
        "storage": "slurmdbd" if accounting else "none",
    }
    conf = SLURM_CONF + (ACCOUNTING if accounting else "")
    environment = {"SLURM_CONF": _write(folder / "slurm.conf", conf, values, 0o644)}
    slurm = Slurm(folder, environment, programs)
    with contextlib.ExitStack() as stack:
        stack.callback(slurm.end_steps)
        stack.enter_context(_munged(folder, programs))
        if accounting:
            _write(folder / "slurmdbd.conf", SLURMDBD_CONF, values, 0o600)
            stack.enter_context(_mariadb(folder, programs, ports["db"], str(values["password"])))
            stack.enter_context(_daemon("slurmdbd", slurm, "sacctmgr", "--noheader", "list", "cluster"))
            slurm("sacctmgr", "--immediate", "add", "cluster", "gridtest")
        stack.enter_context(_daemon("slurmctld", slurm, "scontrol", "ping"))
        stack.enter_context(_daemon("slurmd", slurm, "sinfo"))
        wait_for(lambda: "idle" in slurm("sinfo", "--noheader", "--format=%T"), "the node")
        yield slurm


def _write(path: Path, template: str, values: Mapping[str, object], mode: int) -> str:
    path.touch(mode)
    path.write_text(template.format(**values).lstrip())
    return str(path)


@contextlib.contextmanager
def _munged(folder: Path, programs: dict[str, str]) -> Iterator[None]:
    key = folder / "munge.key"
    key.touch(0o400)
    key.write_bytes(secrets.token_bytes(1024))
    places = {
        "key-file": key,
        "socket": folder / "munge.socket",
        "pid-file": folder / "munged.pid",
        "log-file": folder / "log/munged.log",
        "seed-file": folder / "munged.seed",
    }
    options = [f"--{name}={place}" for name, place in places.items()]
    with server(
        *(programs["munged"], "--foreground", "--force", *options),
        pid_file=places["pid-file"],
        is_ready=places["socket"].exists,
        log=folder / "log/munged.out",
    ):
        yield


@contextlib.contextmanager
def _mariadb(folder: Path, programs: dict[str, str], port: int, password: str) -> Iterator[None]:
    owner = _database_user()
    place = folder / "db"
    os.chown(place, owner.pw_uid, owner.pw_gid)
    own = ["--no-defaults", f"--datadir={place}"]
    call(
        programs["mariadb-install-db"],
        *own,
        f"--user={owner.pw_name}",
        "--auth-root-authentication-method=socket",
    )
    socket_file = place / "socket"
    client = ["--no-defaults", f"--socket={socket_file}"]
    with server(
        *(programs["mariadbd"], *own, f"--user={owner.pw_name}", f"--socket={socket_file}", f"--port={port}"),
        *("--bind-address=127.0.0.1", f"--pid-file={place / 'pid'}", "--innodb-buffer-pool-size=64M"),
        pid_file=place / "pid",
        is_ready=lambda: answers(programs["mariadb-admin"], *client, "ping"),
        log=folder / "log/mariadbd.log",
    ):
        user = "'slurm'@'localhost'"
        grant = f"CREATE USER {user} IDENTIFIED BY '{password}'; GRANT ALL ON slurm_acct.* TO {user}"
        call(programs["mariadb"], *client, "--execute", grant)
        yield


def _database_user() -> pwd.struct_passwd:
    """Return the user that the database runs as: its own where the package has made it."""
    try:
        return pwd.getpwnam("mysql")
    except KeyError:
        return pwd.getpwuid(os.getuid())


@contextlib.contextmanager
def _daemon(name: str, slurm: Slurm, *ready: str) -> Iterator[None]:
    """Run one of SLURM's own servers; it is up when the command `ready` succeeds."""
    with server(
        *(slurm.programs[name], "-D"),
        pid_file=slurm.folder / f"{name}.pid",
        is_ready=lambda: answers(slurm.programs[ready[0]], *ready[1:], environment=slurm.environment),
        log=slurm.folder / f"log/{name}.out",
        environment=slurm.environment,
    ):
        yield
