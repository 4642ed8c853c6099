"""Jobs in tests whose rows nobody else can see."""

import time

import pytest

from core import jobs
from tests.core import probe_tasks


@pytest.mark.django_db
def test_a_job_that_outlives_a_beat_is_not_lost_in_a_test_that_never_commits():
    def long() -> None:
        time.sleep(1.3)
        jobs.progress(1, 1)

    probe_tasks.acts[:] = [long]

    assert jobs.run_now("tests.core.probe_tasks.act").state == "done"
