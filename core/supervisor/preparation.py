"""`manage.py prepare_shop` in a process of its own, with its steps shown as they happen."""

import os
import re
import selectors
import subprocess
import sys
from pathlib import Path

from core.local_services.home import keep_log_small, tail
from core.supervisor.children import end_with_parent
from core.supervisor.configuration import CHECKOUT, Configuration
from core.supervisor.terminal import Refused, Terminal

# The words `prepare_shop` and the supervisor share.
STEP = "==> "
LOGIN = "login: "


def prepare(configuration: Configuration, terminal: Terminal) -> list[str]:
    """Run every step. Returns the lines about the login. Raises Refused with the step, its last lines and the log."""
    log = configuration.log / "prepare.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    keep_log_small(log)
    command = [sys.executable, "manage.py", "prepare_shop"]
    if configuration.shop is not None:
        command += ["--shop", str(configuration.shop), "--format", configuration.shop_format]
    process = subprocess.Popen(
        command,
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONUNBUFFERED": "1", "STATEMENT_TIMEOUT_MS": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        preexec_fn=end_with_parent,
        start_new_session=True,
    )
    try:
        return _follow(process, log, terminal)
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _follow(process: subprocess.Popen[bytes], log: Path, terminal: Terminal) -> list[str]:
    assert process.stdout is not None
    login: list[str] = []
    title, detail = "Load the shop's code", ""
    terminal.begin(title)
    with selectors.DefaultSelector() as selector, log.open("ab") as copy:
        selector.register(process.stdout, selectors.EVENT_READ)
        rest = ""
        while True:
            if not selector.select(timeout=1.0):
                terminal.tick(detail)
                continue
            data = os.read(process.stdout.fileno(), 65536)
            if not data:
                copy.write(rest.encode())
                break
            *lines, rest = re.split(r"[\r\n]+", rest + data.decode("utf-8", "replace"))
            for line in lines:
                if not line.startswith(LOGIN):  # a password has no place in a log
                    copy.write(f"{line}\n".encode())
                if line.startswith(STEP):
                    terminal.end()
                    title, detail = line.removeprefix(STEP), ""
                    terminal.begin(title)
                elif line.startswith(LOGIN):
                    login.append(line.removeprefix(LOGIN))
                elif line.strip():
                    detail = line.strip()
            terminal.tick(detail)
    failed = process.wait() != 0
    terminal.end(failed=failed)
    if failed:
        if "Traceback" in tail(log, lines=200):
            for line in tail(log, lines=8).split(" | "):
                terminal.say(f"    {line}")
        raise Refused(_why(title, log))
    return login


def _why(title: str, log: Path) -> str:
    text = tail(log, lines=1)
    if "No space left on device" in tail(log, lines=40):
        return f"The disk is full, so the step “{title}” stopped: free some space and start again; what is done stays."
    return f"The step “{title}” stopped: {text.removeprefix('CommandError: ')} (all of it: {log})"
