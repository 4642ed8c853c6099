"""What the environment says, and what must hold before anything starts."""

import fcntl
import ipaddress
import json
import os
import shutil
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from core.local_services import default_var
from core.supervisor.terminal import Refused

CHECKOUT = Path(__file__).resolve().parents[2]
NEEDED_BYTES = 500_000_000
FORMATS = ("native", "online-retail")


@dataclass(frozen=True)
class Configuration:
    """Where the shop lives and listens, and what to import at the first start."""

    var: Path
    host: str = "127.0.0.1"
    port: int = 8000
    shop: Path | None = None
    shop_format: str = "native"

    @classmethod
    def from_environment(cls) -> "Configuration":
        """Raises Refused when a value makes no sense."""
        port = os.environ.get("PORT") or "8000"
        if not port.isdigit() or not 0 < int(port) < 65536:
            raise Refused(f"PORT is {port!r}, and a port is a number from 1 to 65535.")
        shop = os.environ.get("SHOP") or None
        shop_format = os.environ.get("FORMAT") or "native"
        if shop and shop_format not in FORMATS:
            raise Refused(f"FORMAT is {shop_format!r}, and this version imports: {', '.join(FORMATS)}.")
        if shop and not Path(shop).exists():
            raise Refused(f"There is no file or folder {shop}: give the shop to import with SHOP=path.")
        return cls(
            var=default_var(),
            host=os.environ.get("HOST") or "127.0.0.1",
            port=int(port),
            shop=Path(shop).resolve() if shop else None,
            shop_format=shop_format,
        )

    @property
    def reachable_host(self) -> str:
        """Where a browser on this machine finds the shop; listening everywhere includes loopback."""
        try:
            given = ipaddress.ip_address(self.host)
        except ValueError:
            return self.host
        if given.is_unspecified:
            return "127.0.0.1" if given.version == 4 else "::1"
        return self.host

    @property
    def address(self) -> str:
        host = self.reachable_host
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}"

    @property
    def log(self) -> Path:
        return self.var / "log"


def check_python() -> None:
    """The pinned packages are resolved for one version of Python."""
    if sys.version_info[:2] != (3, 11):
        found = ".".join(str(part) for part in sys.version_info[:3])
        raise Refused(f"The shop needs Python 3.11 and this is {found}: delete .venv and run `make run PYTHON=path`.")


def check_disk(var: Path, *, needed: int = NEEDED_BYTES) -> None:
    """A database that meets a full disk stops in the middle of something; better not to begin."""
    free = shutil.disk_usage(var).free
    if free < needed:
        raise Refused(
            f"Only {free / 1e6:.0f} MB are free on the disk of {var} and the shop needs {needed / 1e6:.0f} MB: "
            "free some space, or set VAR_DIR to a folder on another disk."
        )


def check_restore(var: Path) -> None:
    """Database and folders of two different days must not be served together."""
    if (var / "restoring.json").exists():
        raise Refused(
            "A restore was cut off while the old and the new state changed places: run `make restore FILE=…` again, "
            "which completes that first."
        )


def check_port(host: str, port: int) -> None:
    """Someone else listening there would answer for us."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError as error:
            raise Refused(f"Port {port} is reserved for root: choose one above 1023, `make run PORT=8000`.") from error
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno not in (98, 48):
                raise Refused(f"The address {host} cannot be used ({error.strerror}): set HOST to another.") from error
            raise Refused(
                f"Port {port} on {host} is used by another program: end that program, "
                f"or choose another port with `make run PORT={port + 1}`."
            ) from error


class OneCopy:
    """The lock that makes a second copy on the same data impossible. Gone with the process, however it ends."""

    def __init__(self, var: Path) -> None:
        self._file = var / "lock" / "supervisor.lock"
        self._handle: int | None = None

    def take(self, address: str) -> None:
        """Raises Refused when another copy runs."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(handle)
            other = self.owner() or {}
            raise Refused(
                f"The shop already runs here (process {other.get('pid', 'unknown')}, {other.get('address', '')}): "
                "open that address, stop it with `make stop`, or set VAR_DIR for a second shop."
            ) from error
        os.ftruncate(handle, 0)
        os.write(handle, json.dumps({"pid": os.getpid(), "address": address}).encode())
        self._handle = handle

    def owner(self) -> dict[str, str | int] | None:
        """Process and address of the running copy, None when none runs."""
        try:
            handle = os.open(self._file, os.O_RDWR | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            try:
                found: dict[str, str | int] = json.loads(self._file.read_text())
            except ValueError:
                return {}
            return found
        else:
            return None
        finally:
            os.close(handle)

    def give_up(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None
