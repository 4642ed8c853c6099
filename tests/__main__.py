"""All tests, as `make test` runs them: `python -m tests -n WORKERS [arguments of pytest]`.

Three rounds, one after another in one folder, so that they share servers, databases and the template of whole
installations:

1. what needs nothing but a database of its worker, in all workers;
2. `installs`, installations that are started, broken and waited for, in all workers: each has servers, ports and
   folders of its own, and waits more than it computes;
3. `serial`, what measures how long an answer takes or how much memory it needs, and what must be quick enough to break
   work while it goes on, alone.

A round that fails is the last one. Rounds that have no test among those asked for are left out.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from types import FrameType
from typing import NoReturn

from core import local_services
from core.local_services import lease
from core.local_services.home import Home

ROUNDS = {"not installs and not serial": True, "installs": True, "serial": False}
"""What -m says, and whether the workers share it."""
NO_TESTS = 5
FAREWELL_SECONDS = 60


def _end(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)


def run(arguments: list[str], environment: dict[str, str]) -> int:
    """The exit status of pytest. It ends before this does, and tidies up."""
    with subprocess.Popen([sys.executable, "-m", "pytest", *arguments], env=environment) as process:
        try:
            return process.wait()
        except BaseException:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(FAREWELL_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
            raise


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests", description=__doc__)
    parser.add_argument("-n", dest="workers", default="2")
    given, others = parser.parse_known_args()
    signal.signal(signal.SIGTERM, _end)
    folder = Path(mkdtemp(prefix="zg-", dir="/tmp"))  # short enough for sockets, and the servers' user may pass
    folder.chmod(0o711)
    (folder / "static").mkdir()  # whitenoise warns about a missing one
    home = Home.of(folder)
    home.make_var()
    lease.hold(home)
    environment = {**os.environ, "TESTS_VAR_DIR": str(folder)}
    others = ["--reuse-db", *others]  # a round finds the databases of the one before
    results = []
    try:
        for marker, are_shared in ROUNDS.items():
            shared = ["-n", given.workers, "--dist", "worksteal"] if are_shared else ["-p", "no:xdist"]
            results.append(run([*shared, "-m", marker, *others], environment))
            if results[-1] not in (0, NO_TESTS):
                return results[-1]
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    finally:
        local_services.stop(folder, force=True)
        shutil.rmtree(folder, ignore_errors=True)
    return min(results)


if __name__ == "__main__":
    sys.exit(main())
