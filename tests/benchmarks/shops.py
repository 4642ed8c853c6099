"""Demo shops for measuring, made once below var/bench and kept; a web process of the product for each."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core import local_services
from core.local_services.process import free_port
from tests.benchmarks.places import BENCH, ROOT
from tests.faults.harness.load import Caller

NOWHERE = "unix:///nonexistent/redis.sock?db=0"
MANY = {"reviews": "tests.benchmarks.many_reviews", "tickets": "tests.benchmarks.many_tickets"}
"""The medium shop with a hundred thousand reviews, or as many tickets, and what writes them."""


class BenchShop:
    """`facts`: a key, a session of staff, products and visitors to ask for, and the queries of each address."""

    def __init__(self, size: str) -> None:
        self.size, self.port = size, free_port()
        self.var = Path(os.environ.get("BENCH_SHOPS") or BENCH) / f"shop-{size}"
        self.facts: dict[str, Any] = {}

    def environment(self, **more: str) -> dict[str, str]:
        return {
            **os.environ, "VAR_DIR": str(self.var), "DATABASE_URL": "", "REDIS_URL": "", "LOG_LEVEL": "WARNING",
            "DJANGO_SETTINGS_MODULE": "tests.benchmarks.load_settings", "API_RATE_SERVER": "100000000",
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage", "WEB_WORKERS": "1",
            "PORT": str(self.port), "MALLOC_ARENA_MAX": "2", **more,  # as core.supervisor starts it
        }  # fmt: skip

    def prepare(self, only: Sequence[str] = ()) -> None:
        """Make the shop when it is not there: a minute for `medium`, some more where rows are many, a quarter of an
        hour for `large`. Queries are counted of the addresses whose names hold one of the words."""
        self.var.mkdir(parents=True, exist_ok=True)
        (self.var / "static").mkdir(exist_ok=True)
        self._run("manage.py", "migrate", "-v", "0")
        done = self.var / "made"
        if not done.exists():
            size = "medium" if self.size in MANY else self.size
            self._run("manage.py", "make_demo_shop", "--size", size, "--until", "2026-11-20", "--import")
            if self.size in MANY:
                self._run("-m", MANY[self.size])  # with what models these rows need, and no others
            else:
                self._run("manage.py", "train_first_models")
                self._run("-m", "tests.benchmarks.shop_facts", "train")  # what the workers would do next
            done.touch()
        tagged = self.var / "tagged"
        if not tagged.exists():  # of an earlier version of this bench, too
            self._run("-m", "tests.benchmarks.search.tagged")
            self._run("-m", "tests.benchmarks.shop_facts", "index")
            tagged.touch()
        self.facts = json.loads(self._run("-m", "tests.benchmarks.shop_facts", *only, quiet=True).splitlines()[-1])

    def _run(self, *arguments: str, quiet: bool = False) -> str:
        environment = self.environment(WEB_PROCESS="true" if quiet else "", STATEMENT_TIMEOUT_MS="0")
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, text=True,
            stdout=subprocess.PIPE if quiet else None,
        )  # fmt: skip
        return done.stdout or ""

    @contextmanager
    def web(self, *, with_redis: bool = True) -> Iterator[None]:
        """A web process that answers at `port`."""
        more = {} if with_redis else {"REDIS_URL": NOWHERE}
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "config.wsgi:application"]
        web = subprocess.Popen(command, cwd=ROOT, env=self.environment(**more), stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while self.caller(timeout=2).ask("/livez").status != 200:
                if time.monotonic() > until or web.poll() is not None:
                    raise RuntimeError("The web process does not answer.")
                time.sleep(0.2)
            yield
        finally:
            web.terminate()
            web.wait(30)

    def caller(self, *, timeout: float = 30.0) -> Caller:
        return Caller(self.port, self.facts["key"], timeout=timeout)

    def memory_mb(self) -> float:
        """Of the web worker, with what it shares."""
        caller = self.caller()
        caller.ask("/livez")
        found = subprocess.run(["pgrep", "-f", "config.wsgi:application"], capture_output=True, text=True, check=False)
        sizes = []
        for pid in found.stdout.split():
            try:
                environ = Path(f"/proc/{pid}/environ").read_bytes()
                pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            except (OSError, IndexError):
                continue
            if f"PORT={self.port}".encode() in environ:
                sizes.append(pages * os.sysconf("SC_PAGE_SIZE") / 1e6)
        return round(max(sizes, default=0.0), 0)

    def stop(self) -> None:
        local_services.stop(self.var, force=True)
