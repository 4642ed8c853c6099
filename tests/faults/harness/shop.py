"""One whole installation for one test, copied from a template that is made once per run."""

import atexit
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core import local_services
from core.local_services.home import Home
from core.local_services.process import free_port
from core.supervisor.__main__ import parts
from core.supervisor.children import Child, Children, Part
from core.supervisor.configuration import CHECKOUT, Configuration
from tests.faults.harness.load import Caller
from tests.faults.harness.processes import PartOfShop, kill_family
from tests.faults.harness.proxy import TcpProxy
from tests.faults.harness.servers import Postgres, Redis, Server
from tests.faults.harness.waiting import until

SHORT = {"JOB_RELAY_SECONDS": "1", "JOB_HEARTBEAT_SECONDS": "1", "JOB_LOST_SECONDS": "4"}
"""Intervals for tests; production has 10, 15 and 60."""
WEB_ANSWERS_SECONDS = 40

_template: Path | None = None
_guard = threading.Lock()


class Shop:
    """An installation below /tmp. Made by the fixture `make_shop`, which also removes it."""

    def __init__(
        self,
        *,
        proxied: Sequence[str] = (),
        durable: bool = False,
        environment: dict[str, str] | None = None,
        filled: bool = True,
    ) -> None:
        self.var = _short_folder()
        if filled:
            _copy(template(), self.var)
        self.facts: dict[str, Any] = json.loads((self.var / "facts.json").read_text()) if filled else {}
        self.postgres, self.redis = Postgres(self.var, durable=durable), Redis(self.var, durable=durable)
        self.servers: dict[str, Server] = {"postgres": self.postgres, "redis": self.redis}
        for server in self.servers.values():
            server.start()
        self.proxies = {name: TcpProxy(self.servers[name].socket) for name in proxied}
        self.port = free_port()
        self.environment = {
            **_neutral(),
            "VAR_DIR": str(self.var),
            "DATABASE_URL": self.postgres.url(self._port_to("postgres")),
            "REDIS_URL": self.redis.url(self._port_to("redis")),
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "API_RATE_SERVER": "100000000",
            "WEB_WORKERS": "1",
            **SHORT,
            **(environment or {}),
        }
        (self.var / "static").mkdir(exist_ok=True)
        configuration = Configuration(var=self.var, host="127.0.0.1", port=self.port)
        self._parts = {part.name: part for part in parts(configuration)}
        self.children = Children([], folder=CHECKOUT, log=self.var / "log", tell=self._hear)
        self.said: list[str] = []
        self._reviving: threading.Thread | None = None
        self._over = threading.Event()

    def _port_to(self, name: str) -> int | None:
        return self.proxies[name].port if name in self.proxies else None

    def _hear(self, sentence: str) -> None:
        self.said.append(sentence)

    # --- parts of the product

    def start(self, *names: str, environment: dict[str, str] | None = None) -> None:
        """Start parts by the supervisor's names (web, worker-light, worker-bulk, worker-deep, scheduler).

        Waits until the web process answers. One that was killed is started again by this as well.
        """
        for name in names:
            part = self._parts[name]
            part = Part(
                part.name, part.command, {**part.environment, **self.environment, **(environment or {})}, part.farewell
            )
            for child in [child for child in self.children.members if child.part.name == name]:
                self.children.members.remove(child)
            child = Child(part=part, log=self.var / "log" / f"{name}.log")
            child.start(folder=CHECKOUT)
            self.children.members.append(child)
        if "web" in names:
            until(self.web_answers, seconds=WEB_ANSWERS_SECONDS, what="the web process answers")

    def part(self, name: str) -> PartOfShop:
        return PartOfShop(next(child for child in self.children.members if child.part.name == name))

    def web_answers(self) -> bool:
        return self.caller(timeout=2).ask("/livez").status == 200

    @contextmanager
    def revived(self) -> Iterator[None]:
        """While the block runs, parts that die are started again as the supervisor does: after 1, 2, 4 … seconds."""
        self._over.clear()

        def look() -> None:
            while not self._over.wait(0.2):
                self.children.revive()

        self._reviving = threading.Thread(target=look, daemon=True)
        self._reviving.start()
        try:
            yield
        finally:
            self._over.set()
            self._reviving.join(5)

    # --- asking

    def caller(self, *, timeout: float = 10.0, key: str = "server_key") -> Caller:
        return Caller(self.port, self.facts.get(key, ""), timeout=timeout)

    def ask(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows, in a session of its own beside every proxy."""
        from tests.faults.harness.database import Session

        with Session(self.postgres) as session:
            return session.ask(sql, values)

    def manage(self, *arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """A manage.py command of this shop."""
        return self.python("manage.py", *arguments, check=check, timeout=timeout)

    def python(self, *arguments: str, check: bool = True, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Python in the checkout with the environment of this shop: `-c`, a program; `-m`, a module."""
        done = subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, env=self._whole_environment(), capture_output=True, text=True,
            timeout=timeout, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        return done

    def run(self, program: str, *, check: bool = True, timeout: float = 120) -> str:
        """What a small program prints, run with Django set up in a process of its own."""
        done = self.python("-c", f"import django\ndjango.setup()\n{program}", check=check, timeout=timeout)
        return done.stdout.strip()

    def spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on beside the test; ended with the shop."""
        part = Part(f"command-{len(self.children.members)}", [sys.executable, *arguments], self.environment)
        child = Child(part=part, log=self.var / "log" / f"{part.name}.log")
        child.start(folder=CHECKOUT)
        self.children.members.append(child)
        assert child.process is not None
        return child.process

    def _whole_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    # --- the end

    def make_whole(self) -> None:
        """Everything healed, thawed and running, before the next test uses the same shop."""
        for proxy in self.proxies.values():
            proxy.heal()
        for server in self.servers.values():
            server.make_whole()
        for child in self.children.members:
            if child.process is not None and child.process.poll() is None:
                PartOfShop(child).thaw()

    def logs(self, lines: int = 30) -> str:
        return "\n".join(
            f"--- {child.part.name}\n{PartOfShop(child).log(lines)}" for child in self.children.members
        ) + "\n".join(f"\n--- {name}\n{self._server_log(name, lines)}" for name in self.servers)

    def _server_log(self, name: str, lines: int) -> str:
        file = Home.of(self.var).log / f"{name}.log"
        return "\n".join(file.read_text("utf-8", "replace").splitlines()[-lines:]) if file.exists() else ""

    def remove(self) -> None:
        """Nothing of it runs and nothing is left on the disk. Safe after any fault."""
        self._over.set()
        for child in self.children.members:
            if child.process is not None:
                kill_family(child.process.pid)
                child.process.wait()
        for proxy in self.proxies.values():
            proxy.stop()
        for server in self.servers.values():
            server.thaw()
            server.kill()
        _remove(self.var)


def template() -> Path:
    """A stopped installation with tables, data and a model. Made once per run of pytest, by the first worker that needs
    it, about ten seconds; the others wait and find it in the folder of the run."""
    global _template
    with _guard:
        if _template is None:
            _template = _folder_of_the_template()
            with (_template / "made.lock").open("w") as made:
                fcntl.flock(made, fcntl.LOCK_EX)
                if not (_template / "facts.json").exists():
                    _make_template(_template)
        return _template


def _folder_of_the_template() -> Path:
    run = os.environ.get("TESTS_VAR_DIR")
    if not run:
        folder = _short_folder()
        atexit.register(_remove, folder)
        return folder
    folder = Path(run) / "template"
    folder.mkdir(exist_ok=True)
    return folder


def _make_template(folder: Path) -> None:
    os.environ["LOCAL_SERVICES_VOLATILE"] = "1"
    environment = {**os.environ, **_neutral(), "VAR_DIR": str(folder), "DATABASE_URL": "", "REDIS_URL": ""}
    for arguments in (["manage.py", "migrate", "-v", "0"], ["-m", "tests.faults.harness.filling"]):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=240,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
    local_services.stop(folder, force=True)
    (folder / "facts.json").write_text(done.stdout.strip().splitlines()[-1])


def _neutral() -> dict[str, str]:
    """What the environment of pytest must not decide in processes of the product."""
    return {
        "TESTS_VAR_DIR": "",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "INFO",
        "SECRET_KEY": "faults",
    }


def _short_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="zf-", dir="/tmp"))
    folder.chmod(0o711)
    return folder


def _copy(source: Path, target: Path) -> None:
    """With owners and rights: the servers' user must find its own files."""
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
    shutil.rmtree(target / "lock", ignore_errors=True)


def _remove(folder: Path) -> None:
    local_services.stop(folder, force=True)
    base = Home.of(folder).base
    shutil.rmtree(folder, ignore_errors=True)
    if base != folder:
        shutil.rmtree(base, ignore_errors=True)
