import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from core.jobs import enqueue, execute, job
from core.scratch import UNHELD_SECONDS, scratch

KILLED = """
import os, signal, sys, tempfile
from pathlib import Path
from core.scratch import scratch
with scratch(Path(sys.argv[1])):
    tempfile.NamedTemporaryFile(prefix="left", delete=False).close()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_is_written_aside_goes_with_the_work(tmp_path):
    usual = tempfile.gettempdir()

    with scratch(tmp_path) as folder:
        written = Path(tempfile.mkstemp()[1])
        assert written.parent == folder

    assert list(tmp_path.iterdir()) == []
    assert tempfile.gettempdir() == usual


def test_it_goes_when_the_work_breaks_off(tmp_path):
    with pytest.raises(KeyError), scratch(tmp_path):
        raise KeyError("stem_conv")

    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_goes_with_the_next_work_and_who_lives_keeps_his(tmp_path):
    ended = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path)], check=False)
    assert ended.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert any(one.name.startswith("left") for one in left.iterdir())

    with scratch(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
        with scratch(tmp_path) as other:
            assert set(tmp_path.iterdir()) == {mine, other}


def test_a_folder_whose_owner_died_before_the_lock_goes_after_an_hour(tmp_path):
    young, old = tmp_path / "young", tmp_path / "old"
    young.mkdir(), old.mkdir()
    os.utime(old, (time.time() - UNHELD_SECONDS - 1,) * 2)

    with scratch(tmp_path) as mine:
        assert set(tmp_path.iterdir()) == {young, mine}


@job(kind="probe.deep", queue="deep")
def deep() -> None:
    seen.append(Path(tempfile.mkstemp()[1]).parent)


@job(kind="probe.light", queue="light")
def light() -> None:
    seen.append(Path(tempfile.gettempdir()))


seen: list[Path] = []
"""Where these jobs wrote."""


@pytest.mark.django_db
def test_jobs_of_networks_leave_nothing_behind_and_other_jobs_write_where_they_did(settings, tmp_path):
    settings.JOB_HEARTBEAT_SECONDS = 0
    settings.MODEL_ROOT = tmp_path / "models"
    seen.clear()

    for work in (deep, light):
        execute(enqueue(f"{__name__}.{work.__name__}").pk)

    assert (seen[0].parent, seen[1]) == (tmp_path / "scratch", Path(tempfile.gettempdir()))
    assert list((tmp_path / "scratch").iterdir()) == []
