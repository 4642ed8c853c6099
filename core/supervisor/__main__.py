"""The main program of `make run` and `make stop`."""

import argparse
import errno
import http.client
import os
import select
import signal
import sys
import threading
import time
from types import FrameType

from core import local_services
from core.local_services.process import wait_until
from core.supervisor.children import Children, Part
from core.supervisor.configuration import (
    CHECKOUT,
    Configuration,
    OneCopy,
    check_disk,
    check_port,
    check_python,
    check_restore,
)
from core.supervisor.preparation import prepare
from core.supervisor.terminal import Refused, Terminal

READY_SECONDS = 60
# Deaths before the web process ever answered: it will not get better by itself.
HOPELESS_AFTER = 3
LOW_DISK_BYTES = 200_000_000


def parts(configuration: Configuration) -> list[Part]:
    """Web, three workers by the resource they need, and the scheduler."""
    python = sys.executable
    # Small memory arenas, and no thread pools of numerical libraries, in what is many and does no mathematics.
    small = {"MALLOC_ARENA_MAX": "2", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    learning = {"MALLOC_ARENA_MAX": "2", "PYTHONUNBUFFERED": "1"}
    web = {**small, "HOST": configuration.host, "PORT": str(configuration.port)}
    celery = [python, "-m", "celery", "-A", "config.celery"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "INFO"]

    def worker(name: str, queues: str, children: int, *more: str, environment: dict[str, str] | None = None) -> Part:
        command = [*celery, "worker", "-n", f"{name}@%h", "-Q", queues, "-c", str(children), *quiet, *more]
        # QUIT lets a job finish within JOB_SHUTDOWN_SECONDS, then it goes back to the queue. So does TERM as soon as
        # the worker is ready (config.celery).
        return Part(f"worker-{name}", command, environment or small, farewell=signal.SIGQUIT)

    return [
        Part("web", [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "config.wsgi:application"], web),
        worker("light", "light,mail", 2),
        worker("bulk", "bulk", 1),
        # What learns may take all cores for an hour: people wait for imports and changes of many products, not for it.
        worker("deep", "train,deep", 1, "--max-tasks-per-child=1", environment=learning),
        Part("scheduler", [*celery, "beat", "-l", "INFO", "--pidfile=", "-s", "/dev/null"], small),
    ]


class Supervisor:
    """Runs until a signal; then ends every child, and after them the local servers."""

    def __init__(self, configuration: Configuration, terminal: Terminal) -> None:
        self._configuration = configuration
        self._terminal = terminal
        self._stops = 0
        self._low_disk = False
        self._wake_read, wake_write = os.pipe()
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def run(self, all_parts: list[Part]) -> int:
        """Start services, prepare, start the parts, keep them. Returns the exit status."""
        terminal, configuration = self._terminal, self._configuration
        login: list[str] = []
        children: Children | None = None
        try:
            terminal.say("Starting the shop.")
            with terminal.step("Start PostgreSQL and Redis"):
                self._ensure_services()
            login = prepare(configuration, terminal)
            self._keep_redis_synced()
            children = Children(all_parts, folder=CHECKOUT, log=configuration.log, tell=terminal.say)
            terminal.begin("Start web, workers and scheduler")
            children.start()
            self._wait_for_web(children)
            terminal.end()
            self._greet(login)
            while not self._stops:
                children.revive()
                self._look_after_services()
                self._sleep(1.0)
        except KeyboardInterrupt:
            pass
        finally:
            terminal.end(failed=True)
            self._stop(children)
        return 0

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._stops += 1
        if self._stops == 1:
            raise KeyboardInterrupt

    def _ensure_services(self) -> None:
        if not os.environ.get("DATABASE_URL"):
            local_services.ensure_postgres(self._configuration.var)
        if not os.environ.get("REDIS_URL"):
            local_services.ensure_redis(self._configuration.var)

    def _keep_redis_synced(self) -> None:
        """Beside everything else: a disk that takes its time must not hold up the rest."""
        if os.environ.get("REDIS_URL"):
            return

        def sync() -> None:
            while not self._stops:
                try:
                    local_services.sync_redis(self._configuration.var)
                except OSError as error:
                    self._terminal.say(f"The file of Redis cannot be brought to the disk: {error}.")
                time.sleep(1.0)

        threading.Thread(target=sync, daemon=True, name="redis-sync").start()

    def _look_after_services(self) -> None:
        status = local_services.status(self._configuration.var)
        missing = [
            name
            for name, variable in (("postgres", "DATABASE_URL"), ("redis", "REDIS_URL"))
            if not os.environ.get(variable) and status[name] is None  # type: ignore[literal-required]
        ]
        if missing:
            self._terminal.say(f"{' and '.join(missing)} ended; starting again.")
            try:
                self._ensure_services()
            except local_services.LocalServiceError as error:
                self._terminal.say(str(error))
                self._sleep(5.0)
        self._watch_disk()

    def _watch_disk(self) -> None:
        try:
            check_disk(self._configuration.var, needed=LOW_DISK_BYTES)
        except Refused as warning:
            if not self._low_disk:
                self._terminal.say(str(warning))
            self._low_disk = True
        else:
            self._low_disk = False

    def _wait_for_web(self, children: Children) -> None:
        web = children.members[0]
        end = time.monotonic() + READY_SECONDS
        while not self._web_answers():
            children.revive()
            if web.deaths >= HOPELESS_AFTER:
                raise Refused(f"The web process {web.how_it_ended()} {web.deaths} times at its start; see {web.log}.")
            if time.monotonic() > end:
                raise Refused(f"The web process gave no answer within {READY_SECONDS} s; see {web.log}.")
            self._terminal.tick()
            self._sleep(0.25)

    def _web_answers(self) -> bool:
        configuration = self._configuration
        connection = http.client.HTTPConnection(configuration.reachable_host, configuration.port, timeout=5)
        try:
            connection.request("GET", "/livez")
            return connection.getresponse().status < 500
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _greet(self, login: list[str]) -> None:
        say = self._terminal.say
        say()
        say(f"  The shop is open:  {self._configuration.address}/admin/")
        for line in login:
            say(f"  {line}")
        say(f"  Logs are in {self._configuration.log}. Ctrl-C stops everything; `make run` goes on with the same data.")
        say()

    def _sleep(self, seconds: float) -> None:
        """Until a signal wakes us."""
        if select.select([self._wake_read], [], [], seconds)[0]:
            os.read(self._wake_read, 1024)

    def _stop(self, children: Children | None) -> None:
        self._terminal.say("Stopping.")
        before = self._stops = max(self._stops, 1)
        if children is not None:
            children.stop(hurry=lambda: self._stops > before)
        try:
            if not local_services.stop(self._configuration.var):
                self._terminal.say("PostgreSQL and Redis stay for another command that uses them; it will stop them.")
        except local_services.LocalServiceError as error:
            self._terminal.say(str(error))
        self._terminal.say("Stopped. The data stays.")


def start(terminal: Terminal) -> int:
    """Check, then run until told to stop."""
    check_python()
    configuration = Configuration.from_environment()
    os.environ["VAR_DIR"] = str(configuration.var)
    try:
        configuration.var.mkdir(parents=True, exist_ok=True)
        copy = OneCopy(configuration.var)
        copy.take(configuration.address)
    except PermissionError as error:
        raise Refused(
            f"{error.filename} belongs to another user: use that user, or set VAR_DIR to your folder."
        ) from error
    check_disk(configuration.var)
    check_restore(configuration.var)
    check_port(configuration.host, configuration.port)
    try:
        return Supervisor(configuration, terminal).run(parts(configuration))
    finally:
        copy.give_up()


def stop(terminal: Terminal) -> int:
    """End the running copy and wait for it; stop servers that a killed copy left behind."""
    var = local_services.default_var()
    copy = OneCopy(var)
    owner = copy.owner()
    if owner is None:
        left = local_services.status(var)
        if left["postgres"] is None and left["redis"] is None:
            terminal.say("Nothing runs here.")
        elif local_services.stop(var):
            terminal.say("Stopped PostgreSQL and Redis that an earlier copy had left.")
        else:
            raise Refused("Another command of this shop uses PostgreSQL and Redis; it stops them when it ends.")
        return 0
    if not owner.get("pid"):
        raise Refused("The shop is just starting; try again in a moment.")
    os.kill(int(owner["pid"]), signal.SIGTERM)
    with terminal.step("Stop the shop"):
        if not wait_until(lambda: copy.owner() is None, seconds=120):
            raise Refused(f"The shop (process {owner['pid']}) did not stop within two minutes.")
    return 0


def main() -> int:
    """Exit status 0 after a normal stop, 1 with one sentence on standard error otherwise."""
    parser = argparse.ArgumentParser(prog="python -m core.supervisor", description="Run the whole shop.")
    parser.add_argument("--stop", action="store_true", help="stop the copy that runs")
    arguments = parser.parse_args()
    terminal = Terminal()
    try:
        return stop(terminal) if arguments.stop else start(terminal)
    except (Refused, local_services.LocalServiceError) as error:
        message = str(error)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        message = "The disk is full: free some space and start again; what is done stays."
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
