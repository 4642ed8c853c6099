"""The operating system user the servers run as. PostgreSQL refuses root, so root gets a user with no rights."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from core.local_services.errors import LocalServiceError

PREFERRED = "zhanggui"
LAST_RESORT = "nobody"

# Servers get a clean environment: PG* variables of the operator's shell must not decide anything here.
CLEAN_ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C"}


@dataclass(frozen=True)
class Account:
    """Who runs the servers. `uid` None means: the user of this process."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def run(
        self,
        arguments: Sequence[str | Path],
        *,
        environment: Mapping[str, str] | None = None,
        stdout: int | IO[Any] | None = subprocess.PIPE,
        timeout: float | None = None,
        text: str | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a program as this user, from `/`, detached from the terminal, standard error joined to output."""
        identity: dict[str, Any] = {}
        if self.uid is not None:
            identity = {"user": self.uid, "group": self.gid, "extra_groups": []}
        try:
            return subprocess.run(
                [str(argument) for argument in arguments],
                env={**CLEAN_ENVIRONMENT, **(environment or {})},
                cwd="/",
                stdout=stdout,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL if text is None else None,
                input=text,
                text=True,
                start_new_session=True,
                timeout=timeout,
                check=False,
                **identity,
            )
        except PermissionError as error:
            raise LocalServiceError(
                f"{arguments[0]} cannot be run as user {self.name}: run the shop as an ordinary user, "
                "or set DATABASE_URL and REDIS_URL to servers of your own."
            ) from error

    def can_reach(self, *paths: Path) -> bool:
        """Whether this user can enter the folders and read the files named."""
        if self.uid is None:
            return all(os.access(path, os.R_OK) for path in paths)
        every = 'for path; do test -r "$path" || exit 1; done'
        return self.run(["/bin/sh", "-c", every, "sh", *paths]).returncode == 0

    def can_enter(self, folder: Path) -> bool:
        """Whether this user can pass through `folder`; listing it is not needed."""
        if self.uid is None:
            return os.access(folder, os.X_OK)
        return self.run(["/bin/sh", "-c", 'test -x "$1"', "sh", folder]).returncode == 0

    def own(self, path: Path) -> None:
        """Make the user owner of one file or folder (nothing below or above it)."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def account_for(data: Path) -> Account:
    """The user of this process; as root the owner of existing data, or a user of the shop's own."""
    if os.geteuid() != 0:
        return Account(name=_name_of(os.geteuid()))
    if data.exists() and data.stat().st_uid != 0:
        owner = data.stat()
        return Account(name=_name_of(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
    entry = _entry(PREFERRED) or _created(PREFERRED) or _entry(LAST_RESORT)
    if entry is None:
        raise LocalServiceError(
            f"PostgreSQL refuses to run as root and there is no user {PREFERRED}: create one with "
            f"`useradd --system {PREFERRED}`, start the shop as an ordinary user, or set DATABASE_URL and REDIS_URL."
        )
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def _entry(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def _created(name: str) -> pwd.struct_passwd | None:
    program = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return None
    shell = "/usr/sbin/nologin"
    subprocess.run(
        [program, "--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", shell, name],
        capture_output=True,
        check=False,
    )
    # Someone else may have created it in the same moment; what counts is that it is there.
    return _entry(name)
