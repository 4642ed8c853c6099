"""The process behind `make run`: what it refuses in one sentence, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from core import local_services
from core.local_services.process import free_port, wait_until
from core.supervisor import preparation
from core.supervisor.children import Child, Children, Part
from core.supervisor.configuration import (
    Configuration,
    OneCopy,
    check_disk,
    check_port,
    check_python,
    check_restore,
)
from core.supervisor.terminal import Refused, Terminal

ROOT = Path(__file__).resolve().parents[2]

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def run_supervisor(*arguments: str, var: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "core.supervisor", *arguments],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(var), "DATABASE_URL": "", "REDIS_URL": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def eventually(condition: Callable[[], bool]) -> bool:
    return wait_until(condition, seconds=10)


def children_of(parts: list[Part], folder: Path, told: list[str] | None = None) -> Children:
    return Children(parts, folder=folder, log=folder / "log", tell=(told if told is not None else []).append)


# What it refuses


def test_a_port_in_use_is_one_sentence_and_nothing_is_started(private_var):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        done = run_supervisor(var=private_var, PORT=str(port))

    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 is used by another program: end that program, "
        f"or choose another port with `make run PORT={port + 1}`.\n"
    )
    assert done.stdout == ""
    assert not (private_var / "postgres").exists()


def test_a_second_copy_is_one_sentence_that_names_the_first(private_var):
    first = OneCopy(private_var)
    first.take("http://127.0.0.1:8000")

    done = run_supervisor(var=private_var, PORT=str(free_port()))

    assert done.returncode == 1
    assert done.stderr == (
        f"The shop already runs here (process {os.getpid()}, http://127.0.0.1:8000): "
        "open that address, stop it with `make stop`, or set VAR_DIR for a second shop.\n"
    )
    first.give_up()
    assert OneCopy(private_var).owner() is None


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"PORT": "http"}, "PORT is 'http', and a port is a number from 1 to 65535.\n"),
        ({"SHOP": "/", "FORMAT": "xls"}, "FORMAT is 'xls', and this version imports: native, online-retail.\n"),
        ({"SHOP": "/no/shop"}, "There is no file or folder /no/shop: give the shop to import with SHOP=path.\n"),
    ],
)
def test_a_setting_that_makes_no_sense_is_one_sentence(private_var, environment, sentence):
    done = run_supervisor(var=private_var, **environment)

    assert (done.returncode, done.stderr) == (1, sentence)


def test_a_full_disk_is_one_sentence(tmp_path):
    with pytest.raises(Refused, match=r"^Only \d+ MB are free on the disk of .* and the shop needs 1000000000000 MB: "):
        check_disk(tmp_path, needed=10**18)


def test_a_restore_that_was_cut_off_is_one_sentence(tmp_path):
    check_restore(tmp_path)
    (tmp_path / "restoring.json").write_text("{}")

    with pytest.raises(Refused, match="A restore was cut off"):
        check_restore(tmp_path)


def test_another_python_is_one_sentence(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))

    with pytest.raises(Refused, match=r"^The shop needs Python 3\.11 and this is 3\.10\.4: "):
        check_python()


def test_an_address_of_another_machine_is_one_sentence():
    with pytest.raises(Refused, match=r"^The address 192\.0\.2\.1 cannot be used "):
        check_port("192.0.2.1", free_port())


def test_the_address_shown_can_be_opened_also_when_all_are_served():
    assert Configuration(var=Path("/var"), host="0.0.0.0", port=80).address == "http://127.0.0.1:80"
    assert Configuration(var=Path("/var"), host="::1", port=80).address == "http://[::1]:80"


def test_stopping_what_does_not_run_says_so(private_var):
    done = run_supervisor("--stop", var=private_var)

    assert (done.returncode, done.stdout) == (0, "Nothing runs here.\n")


# Preparing


def fake_preparation(monkeypatch, tmp_path: Path, program: str) -> Configuration:
    (tmp_path / "manage.py").write_text(program)
    monkeypatch.setattr(preparation, "CHECKOUT", tmp_path)
    return Configuration(var=tmp_path)


def test_steps_are_shown_and_the_login_is_kept_out_of_the_log(monkeypatch, tmp_path, capsys):
    configuration = fake_preparation(
        monkeypatch, tmp_path, "print('==> First'); print('working'); print('==> Second'); print('login: password: x7')"
    )

    login = preparation.prepare(configuration, Terminal())

    assert login == ["password: x7"]
    assert capsys.readouterr().out == "  Load the shop's code …\n  First …\n  Second …\n"
    assert (tmp_path / "log" / "prepare.log").read_text() == "==> First\nworking\n==> Second\n"


def test_a_failed_step_is_named_with_its_last_line_and_its_log(monkeypatch, tmp_path):
    configuration = fake_preparation(
        monkeypatch, tmp_path, "import sys; print('==> Import it'); sys.exit('CommandError: orders.csv is empty.')"
    )

    with pytest.raises(Refused) as refusal:
        preparation.prepare(configuration, Terminal())

    assert str(refusal.value) == (
        f"The step “Import it” stopped: orders.csv is empty. (all of it: {tmp_path}/log/prepare.log)"
    )


def test_a_disk_that_fills_up_during_a_step_is_said_plainly(monkeypatch, tmp_path):
    configuration = fake_preparation(
        monkeypatch, tmp_path, "print('==> Train'); raise OSError(28, 'No space left on device')"
    )

    with pytest.raises(Refused, match=r"^The disk is full, so the step “Train” stopped: "):
        preparation.prepare(configuration, Terminal())


# Children


def test_who_is_killed_is_started_again_after_a_pause(tmp_path):
    told: list[str] = []
    children = children_of([Part("worker", SLEEPER)], tmp_path, told)
    children.start()
    (child,) = children.members
    assert child.process is not None
    first = child.process.pid
    os.kill(first, signal.SIGKILL)

    def revived() -> bool:
        children.revive()
        return child.process is not None and child.process.pid != first

    assert eventually(revived)
    assert told == [f"worker ended by signal SIGKILL; starting it again in 1 s ({tmp_path / 'log' / 'worker.log'})."]
    children.stop()


def test_pauses_double_up_to_half_a_minute(tmp_path):
    child = Child(Part("web", [sys.executable, "-c", "raise SystemExit(3)"]), tmp_path / "web.log")
    pauses = []
    for _ in range(7):
        child.start(folder=tmp_path)
        assert child.process is not None
        child.process.wait()
        assert child.has_died()
        pauses.append(round(child.start_again_at - time.monotonic()))

    assert pauses == [1, 2, 4, 8, 16, 30, 30]
    assert child.how_it_ended() == "ended with status 3"


def test_stopping_ends_children_that_will_not_listen_and_their_children(tmp_path):
    stubborn = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(subprocess.Popen(["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""
    children = children_of([Part("stubborn", [sys.executable, "-c", stubborn]), Part("mild", SLEEPER)], tmp_path)
    children.start()
    log = tmp_path / "log" / "stubborn.log"
    assert eventually(lambda: log.exists() and log.read_text().endswith("\n"))
    pids = [int(log.read_text()), *(child.process.pid for child in children.members if child.process)]
    assert all(runs(pid) for pid in pids)

    children.stop(grace=0.3)

    assert eventually(lambda: not any(runs(pid) for pid in pids))


def test_a_large_log_is_put_aside_before_a_start(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * 10_000_001)
    child = Child(Part("web", [sys.executable, "-c", "print('new')"]), log)

    child.start(folder=tmp_path)
    assert child.process is not None
    child.process.wait()

    assert log.read_text() == "new\n"
    assert (tmp_path / "web.log.1").stat().st_size == 10_000_001


# The whole


WHOLE = """
import sys
from core.supervisor import __main__ as main, preparation
from core.supervisor.children import Part
from core.supervisor.configuration import OneCopy, Configuration
from core.supervisor.terminal import Terminal
main.prepare = lambda configuration, terminal: ["user: owner"]
main.parts = lambda configuration: [
    Part("web", [sys.executable, "-c", WEB], {"PORT": str(configuration.port)}),
    Part("worker", [sys.executable, "-c", "import time; time.sleep(600)"]),
]
WEB = '''
import http.server, os
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Page).serve_forever()
'''
sys.exit(main.main())
"""


@pytest.fixture
def whole(private_var):
    """The real supervisor and real servers, with two small programs as its parts."""
    environment = {
        **os.environ,
        "VAR_DIR": str(private_var),
        "PORT": str(free_port()),
        "DATABASE_URL": "",
        "REDIS_URL": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", WHOLE],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    process.kill()
    process.wait()


def read_until(process: subprocess.Popen[str], text: str) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if text in line:
            return seen
    raise AssertionError(seen)


def descendants(pid: int) -> list[int]:
    found = [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return [*found, *(below for child in found for below in descendants(child))]


@pytest.mark.installs
def test_a_terminated_supervisor_leaves_no_process_and_no_server(whole, private_var):
    seen = read_until(whole, "Logs are in")
    pids = descendants(whole.pid)
    servers = local_services.status(private_var)

    assert "The shop is open:" in seen
    assert "user: owner" in seen
    assert len(pids) == 2
    assert servers["postgres"] is not None
    assert servers["redis"] is not None
    whole.send_signal(signal.SIGTERM)

    assert whole.wait(30) == 0
    assert not any(runs(pid) for pid in pids)
    assert local_services.status(private_var)["postgres"] is None
    assert local_services.status(private_var)["redis"] is None


@pytest.mark.installs
def test_dead_servers_are_started_again_while_the_shop_runs(whole, private_var):
    read_until(whole, "Logs are in")
    before = local_services.status(private_var)
    os.kill(before["postgres"], signal.SIGKILL)
    os.kill(before["redis"], signal.SIGKILL)

    def both_are_new() -> bool:
        now = local_services.status(private_var)
        return now["postgres"] not in (None, before["postgres"]) and now["redis"] not in (None, before["redis"])

    assert eventually(both_are_new)


@pytest.mark.installs
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children that their parent was killed")
def test_a_killed_supervisor_takes_its_children_along_and_stop_ends_the_servers(whole, private_var):
    read_until(whole, "Logs are in")
    pids = descendants(whole.pid)
    whole.kill()
    whole.wait()

    assert eventually(lambda: not any(runs(pid) for pid in pids))
    assert local_services.status(private_var)["postgres"] is not None
    done = run_supervisor("--stop", var=private_var)

    assert (done.returncode, done.stdout) == (0, "Stopped PostgreSQL and Redis that an earlier copy had left.\n")
    assert local_services.status(private_var)["postgres"] is None


def test_the_supervisor_loads_no_framework():
    heavy = {"django", "celery", "psycopg2", "numpy"}
    code = f"import sys, core.supervisor.__main__; print(sorted({heavy!r} & set(sys.modules)))"

    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)

    assert done.stdout == "[]\n"
