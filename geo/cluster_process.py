"""
The processes of an embedded cluster: whose they are, which of them live, and what a killed one left behind.

A postmaster and its children work in the data directory and nothing else of PostgreSQL's does, so /proc tells
them apart from a reused process id. A zombie has no working directory any more and does not count.
"""

import os
import pwd
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from geo.errors import ClusterFailed

DEBIAN = Path("/usr/lib/postgresql")
DEBIAN_SHARE = Path("/usr/share/postgresql")
_PATIENCE_S = 20.0


@dataclass(frozen=True)
class Account:
    """The account of the operating system that owns the data and runs the server."""

    name: str
    uid: int
    gid: int

    @classmethod
    def present(cls) -> Self:
        """The account that this process runs as."""
        return cls.numbered(os.geteuid())

    @classmethod
    def numbered(cls, uid: int) -> Self:
        """The account with this user id, also if it has no name (as in some containers)."""
        try:
            entry = pwd.getpwuid(uid)
        except KeyError:
            return cls(str(uid), uid, os.getegid())
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    @classmethod
    def named(cls, name: str) -> Self:
        """
        The account with this name, which root hands the server to.

        Raises
        ------
        ClusterFailed
            No such account, or root itself: PostgreSQL refuses to run as root.
        """
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            raise ClusterFailed(
                f"There is no account {name!r}: install postgresql-common or set WANGGE_POSTGRES_ACCOUNT. "
                f"系统没有账户 {name}。"
            ) from None
        if entry.pw_uid == 0:
            raise ClusterFailed("PostgreSQL refuses to run as root: set WANGGE_POSTGRES_ACCOUNT. 不能以 root 运行。")
        return cls(entry.pw_name, entry.pw_uid, entry.pw_gid)

    def run(self, *command: str | Path, cwd: Path, text: str = "") -> subprocess.CompletedProcess[str]:
        """
        Run a command as this account and give back what it said; `text` goes to its standard input.

        Root becomes the account in the child, without sudo, runuser or PAM, which a container may lack.
        """
        other = os.geteuid() != self.uid
        return subprocess.run(
            [str(word) for word in command],
            input=text,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            errors="replace",
            check=False,
            cwd=cwd,
            umask=0o077,
            env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(cwd)},
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
        )

    def can_enter(self, directory: Path) -> bool:
        """Whether this account may search the directory and everything above it."""
        return self.run("test", "-x", directory, cwd=Path("/")).returncode == 0


def programs(data: Path, chosen: Path | None) -> Path:
    """
    The folder with initdb and pg_ctl: the chosen one, that of the data's version, or the newest with PostGIS.

    Raises
    ------
    ClusterFailed
        There is none; the message names the Debian packages.
    """
    marker = data / "PG_VERSION"
    version = marker.read_text().strip() if marker.is_file() else None
    found = chosen or (DEBIAN / version / "bin" if version else newest_programs())
    if found is None or not (found / "initdb").exists():
        raise ClusterFailed(_packages(version or "15", found))
    return found


def newest_programs() -> Path | None:
    """The programs of the newest PostgreSQL that Debian has with PostGIS, 15 or later."""
    having = [
        int(share.parents[1].name)
        for share in DEBIAN_SHARE.glob("*/extension/postgis.control")
        if re.fullmatch(r"1[5-9]|[2-9]\d", share.parents[1].name)
    ]
    return DEBIAN / str(max(having)) / "bin" if having else None


def _packages(version: str, looked_in: Path | None) -> str:
    packages = f"apt-get install postgresql-{version} postgresql-{version}-postgis-3"
    return (
        f"No PostgreSQL with PostGIS in {looked_in or DEBIAN}: {packages}. 未找到带 PostGIS 的 PostgreSQL，请先安装。"
    )


def postmaster(data: Path) -> int | None:
    """The process id of the server that runs on this data directory, or None; the pid file alone is not believed."""
    try:
        pid = int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return pid if _works_in(pid, data) else None


def family(data: Path) -> list[int]:
    """All living processes of PostgreSQL that work in this data directory."""
    numbers = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in numbers if _works_in(pid, data)]


def _works_in(pid: int, data: Path) -> bool:
    process = Path("/proc") / str(pid)
    try:
        program = (process / "exe").readlink().name.removesuffix(" (deleted)")
        return program == "postgres" and (process / "cwd").samefile(data)
    except OSError:  # gone, a zombie, or another account's, hence not ours
        return False


def clear_remains(data: Path, run: Path) -> None:
    """
    Take away what a killed server left, once nobody works in the data directory any more.

    PostgreSQL refuses to start while its pid file or its socket's lock names a living process, also when that
    is a zombie or a stranger with a reused id. Orphaned backends leave by themselves when the postmaster dies.

    Raises
    ------
    ClusterFailed
        Orphans that do not leave, even when told to quit.
    """
    told, deadline = False, time.monotonic() + _PATIENCE_S
    while orphans := family(data):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise ClusterFailed(f"Processes {orphans} of a killed server still work in {data}. 旧进程尚未退出。")
        if left_s < _PATIENCE_S / 2 and not told:
            quit_all(orphans)
            told = True
        time.sleep(0.05)
    for remains in (data / "postmaster.pid", *run.glob(".s.PGSQL.*")):
        remains.unlink(missing_ok=True)


def quit_all(pids: list[int]) -> None:
    """Tell processes to quit at once, as PostgreSQL tells its own after a crash."""
    for pid in pids:
        try:
            os.kill(pid, signal.SIGQUIT)
        except ProcessLookupError:
            continue
