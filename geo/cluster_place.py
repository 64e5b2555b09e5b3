"""
Where an embedded cluster lives: its home, and the directory of its socket.

The home is ``<state_dir>/postgres``. Root runs the server as another account, which may be unable to enter a
checkout below a closed home directory; the cluster then lives under ``/var/lib/wangge`` instead.
"""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

from geo.cluster_process import Account
from geo.errors import ClusterFailed

SYSTEM_HOME = Path("/var/lib/wangge")
SYSTEM_RUN = Path("/run/wangge")
SHARED_RUN = Path("/tmp")  # noqa: S108  claim() checks whose the directory in it is
SOCKET = ".s.PGSQL.5432"
LONGEST_SOCKET = 107  # bytes of sockaddr_un.sun_path less the closing NUL


def account_for(state_dir: Path, name: str) -> Account:
    """Who runs the server: ourselves, or for root the owner of the data that is there, else the named account."""
    if os.geteuid() != 0:
        return Account.present()
    for home in _homes(state_dir):
        if holds_cluster(home) and (owner := (home / "data").stat().st_uid):
            return Account.numbered(owner)
    return Account.named(name)


def home_for(state_dir: Path, account: Account) -> Path:
    """The cluster's home; a cluster that is already there stays where it is, whatever the permissions became."""
    local, elsewhere = _homes(state_dir)
    if os.geteuid() != 0 or holds_cluster(local):
        return local
    if holds_cluster(elsewhere) or not account.can_enter(_nearest(local)):
        return elsewhere
    return local


def run_for(home: Path) -> Path:
    """The directory of the socket: in the home if the path is short and plain enough, else a short one elsewhere."""
    local = home / "run"
    plain = not set(str(local)) & set(",\"'\\\n")  # these separate or quote in unix_socket_directories and in host=
    if plain and len(os.fsencode(local / SOCKET)) <= LONGEST_SOCKET:
        return local
    owner = home.stat().st_uid if home.exists() else os.geteuid()
    return (SHARED_RUN / f"wangge-{owner}" if owner else SYSTEM_RUN) / fingerprint(home)


def holds_cluster(home: Path) -> bool:
    """Whether initdb has finished in this home."""
    return (home / "data" / "PG_VERSION").is_file()


def fingerprint(path: Path) -> str:
    """Eight hexadecimal digits that stand for a path."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:8]


def make_open(directory: Path) -> None:
    """Make a directory and those above it, each one searchable by the account whatever our umask is."""
    for missing in reversed([path for path in (directory, *directory.parents) if not path.exists()]):
        missing.mkdir(exist_ok=True)
        missing.chmod(0o711)


def claim(directory: Path, account: Account) -> None:
    """
    Make a directory the account's own and nobody else's.

    Raises
    ------
    ClusterFailed
        Somebody else's directory or link has that name, as can happen in /tmp.
    """
    directory.mkdir(mode=0o700, exist_ok=True)
    found = directory.lstat()
    if found.st_uid == os.geteuid() != account.uid and stat.S_ISDIR(found.st_mode):
        os.chown(directory, account.uid, account.gid, follow_symlinks=False)
        found = directory.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != account.uid or found.st_mode & 0o077:
        raise ClusterFailed(
            f"{directory} is not a private directory of {account.name}: remove it. 请删除该目录后重试。"
        )


def claim_run(run: Path, home: Path, account: Account) -> None:
    """Make the socket's directory; in a shared place, its parent must be ours first."""
    if run.is_relative_to(SYSTEM_RUN):
        make_open(run.parent)
    elif run.parent != home:
        claim(run.parent, account)
    claim(run, account)


def write_aside(path: Path, text: str, mode: int = 0o600) -> None:
    """
    Write a file so that it is whole or absent, also after a power cut, and never through somebody's link.

    It belongs to the folder's owner: root may be starting a user's cluster, which the user starts next time.
    """
    owner = path.parent.stat()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fchmod(descriptor, mode)
        if os.geteuid() == 0:
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        os.fsync(descriptor)
    Path(name).rename(path)


def _homes(state_dir: Path) -> tuple[Path, Path]:
    state = state_dir.resolve()
    return state / "postgres", SYSTEM_HOME / fingerprint(state)


def _nearest(path: Path) -> Path:
    return next(above for above in (path, *path.parents) if above.exists())
