"""Jobs on real workers whose processes, servers and messages are taken from them."""

import os
import signal
import time
from collections.abc import Iterator

import pytest

from core.queues import lists_of
from tests.faults.harness import Shop, until
from tests.faults.jobs_under_fire import fire
from tests.faults.probes import NAME, Asker, with_probes

pytestmark = pytest.mark.serial
QUICK = {
    "JOB_RELAY_SECONDS": "0.5", "JOB_HEARTBEAT_SECONDS": "0.2", "JOB_LOST_SECONDS": "2", "JOB_SHUTDOWN_SECONDS": "2",
    "JOB_LIMIT_MAIL": "2", "JOB_HARD_EXTRA_SECONDS": "2", "JOB_PATIENCE_SECONDS": "1",
}  # fmt: skip
WORKER = "worker-light"


@pytest.fixture(scope="module")
def jobs_shop() -> Iterator[Shop]:
    made = Shop(environment=QUICK, durable=True)
    try:
        with_probes(made).start(WORKER, "scheduler")
        yield made
    finally:
        made.remove()


@pytest.fixture(scope="module")
def asker(jobs_shop: Shop) -> Iterator[Asker]:
    made = Asker(jobs_shop)
    yield made
    made.close()


@pytest.fixture
def shop(jobs_shop: Shop) -> Iterator[Shop]:
    """Worker and scheduler run before, all jobs have ended after."""
    jobs_shop.ask("DELETE FROM probe_effect")
    yield jobs_shop
    jobs_shop.make_whole()
    for name in (WORKER, "scheduler"):
        if not jobs_shop.part(name).runs:
            jobs_shop.start(name)


def state(shop: Shop, pk: int) -> str:
    return str(shop.ask("SELECT state FROM core_job WHERE id = %s", [pk])[0][0])


def facts(shop: Shop, pk: int) -> tuple:
    return shop.ask("SELECT state, starts FROM core_job WHERE id = %s", [pk])[0]


def effects(shop: Shop, pk: int) -> int:
    return int(shop.ask("SELECT count(*) FROM probe_effect WHERE job_id = %s", [pk])[0][0])


def ended(shop: Shop, pk: int, *, seconds: float = 20) -> str:
    until(lambda: state(shop, pk) not in ("queued", "running"), seconds=seconds, what=f"the end of job {pk}")
    return state(shop, pk)


def process_of(shop: Shop, what: str, pk: int) -> int:
    """The process that runs the job, once it is there."""
    return int(until(lambda: (shop.var / f"{what}-{pk}").read_text(), seconds=20, what="the job runs"))


def test_a_worker_child_that_is_killed_has_its_job_done_once_within_seconds(shop, asker):
    (pk,) = asker.enqueue("sleeper", seconds=1)
    pid = process_of(shop, "sleeps", pk)
    killed = time.monotonic()

    os.kill(pid, signal.SIGKILL)

    assert ended(shop, pk) == "done"
    assert time.monotonic() - killed < 10
    assert facts(shop, pk) == ("done", 2)
    assert effects(shop, pk) == 1


def test_a_worker_tree_that_is_killed_has_its_jobs_done_once(shop, asker):
    numbers = asker.enqueue("effect", 6, milliseconds=600)
    until(lambda: shop.ask("SELECT 1 FROM core_job WHERE state = 'running'"), seconds=10)

    shop.part(WORKER).kill()
    shop.start(WORKER)

    assert [ended(shop, pk) for pk in numbers] == ["done"] * 6
    assert [effects(shop, pk) for pk in numbers] == [1] * 6


def test_a_worker_asked_to_end_gives_a_long_job_back_at_once_and_it_is_no_bad_start(shop, asker):
    (pk,) = asker.enqueue("sleeper", seconds=30)
    process_of(shop, "sleeps", pk)

    asked = time.monotonic()
    shop.part(WORKER).signal(signal.SIGTERM)
    until(lambda: facts(shop, pk) == ("queued", 0), seconds=10, what="the job is back in the queue")
    given_back = time.monotonic() - asked
    until(lambda: not shop.part(WORKER).runs, seconds=10, what="the worker ended")

    assert 1.5 < given_back < 6
    assert effects(shop, pk) == 0
    (shop.var / f"sleeps-{pk}").unlink()
    shop.start(WORKER)
    process_of(shop, "sleeps", pk)
    assert facts(shop, pk) == ("running", 1)
    cancel(asker, pk)
    assert ended(shop, pk) == "cancelled"


def cancel(asker: Asker, pk: int) -> None:
    assert asker.ask(f"jobs.cancel(Job.objects.get(pk={pk}))")


def test_a_job_that_never_says_how_far_it_is_is_cancelled_too(shop, asker):
    (pk,) = asker.enqueue("sleeper", seconds=60)
    process_of(shop, "sleeps", pk)

    cancel(asker, pk)

    assert ended(shop, pk, seconds=15) == "cancelled"
    assert effects(shop, pk) == 0


def test_a_poison_job_is_started_three_times_and_the_others_go_on(shop, asker):
    (pk,) = asker.enqueue("poison")
    others = asker.enqueue("effect", 5, milliseconds=50)

    assert ended(shop, pk, seconds=30) == "quarantined"
    assert facts(shop, pk) == ("quarantined", 3)
    assert [ended(shop, other) for other in others] == ["done"] * 5
    assert [effects(shop, other) for other in others] == [1] * 5
    alerts = shop.ask("SELECT level, link FROM core_alert WHERE rule = 'job_quarantined' AND resolved_at IS NULL")
    assert alerts == [("critical", f"/admin/core/job/{pk}/change/")]


def test_a_job_beyond_its_limit_fails_with_words_and_a_stubborn_one_by_force(shop, asker):
    (pk,), (stubborn,) = asker.enqueue("too_long"), asker.enqueue("stubborn")

    assert ended(shop, pk) == "failed"
    assert ended(shop, stubborn) == "failed"
    rows = shop.ask("SELECT starts, left(error, 12), message FROM core_job WHERE id IN (%s, %s)", [pk, stubborn])
    words = "It ran longer than the %(minutes)s minutes that the queue %(queue)s allows."
    assert rows == [(1, "JobTimedOut:", words)] * 2


def test_a_message_that_arrives_many_times_has_one_effect(shop, asker):
    (pk,) = asker.enqueue("effect", milliseconds=300)
    asker.ask(
        f"[current_app.send_task('{NAME}.effect', kwargs={{'job_id': {pk}}}, queue='light').id for _ in range(20)]"
    )

    assert ended(shop, pk) == "done"
    until(lambda: sum(map(shop.redis.client().llen, lists_of("light"))) == 0, seconds=10)
    assert facts(shop, pk) == ("done", 1)
    assert effects(shop, pk) == 1


@pytest.mark.parametrize("place", ["sleeper", "open_transaction"])
def test_a_frozen_worker_that_wakes_after_its_job_was_done_elsewhere_has_no_second_effect(shop, asker, place):
    """Frozen before its effect, and frozen between its effect and the commit."""
    if place == "sleeper":
        (pk,), what = asker.enqueue("sleeper", seconds=1), "sleeps"
    else:
        (pk,), what = asker.enqueue("open_transaction", milliseconds=1000), "open"
    pid = process_of(shop, what, pk)

    os.kill(pid, signal.SIGSTOP)
    try:
        assert ended(shop, pk) == "done"
    finally:
        os.kill(pid, signal.SIGCONT)
    time.sleep(2)

    assert facts(shop, pk) == ("done", 2)
    assert shop.ask("SELECT count(*), min(pid) = %s FROM probe_effect WHERE job_id = %s", [pid, pk]) == [(1, False)]


def test_a_database_that_is_away_while_a_job_ends_costs_nothing(shop, asker):
    (pk,) = asker.enqueue("open_transaction", milliseconds=1500)
    process_of(shop, "open", pk)

    shop.postgres.kill()
    time.sleep(2)
    shop.postgres.start()

    assert ended(shop, pk, seconds=30) == "done"
    assert effects(shop, pk) == 1


def test_jobs_asked_for_while_redis_is_away_or_lost_by_it_are_done(shop, asker):
    shop.redis.kill()
    asked = time.monotonic()
    numbers = asker.enqueue("effect", 3)
    assert time.monotonic() - asked < 10
    assert shop.ask("SELECT count(published_at) FROM core_job WHERE id = ANY(%s)", [numbers]) == [(0,)]
    shop.redis.start()
    assert [ended(shop, pk) for pk in numbers] == ["done"] * 3

    with shop.part(WORKER).frozen():
        lost = asker.enqueue("effect", 3)
        shop.redis.flush()
    assert [ended(shop, pk) for pk in lost] == ["done"] * 3
    assert [effects(shop, pk) for pk in numbers + lost] == [1] * 6


def test_of_two_schedulers_one_works_and_without_one_it_is_seen(shop, asker):
    second = shop.spawn("-m", "celery", "-A", "config.celery", "beat", "-l", "INFO", "--pidfile=", "-s", "/dev/null")
    log = next(child.log for child in shop.children.members if child.process is second)
    until(lambda: "beat: Starting" in log.read_text(), seconds=15)
    time.sleep(2.5)
    assert "scheduler.leads" not in log.read_text()

    shop.part("scheduler").kill()
    until(lambda: "scheduler.leads" in log.read_text(), seconds=10, what="the second takes over")
    (pk,) = asker.enqueue("effect")
    assert ended(shop, pk) == "done"

    second.kill()
    second.wait()
    time.sleep(1.5)
    assert asker.ask("jobs.scheduler_age_seconds()") > 1.4


def test_workers_run_with_the_settings_that_all_this_rests_on(shop, asker):
    found = asker.ask("list(current_app.control.inspect(timeout=5).conf().values())[0]")

    wanted = {
        "task_acks_late": True, "task_reject_on_worker_lost": True, "worker_prefetch_multiplier": 1,
        "worker_max_tasks_per_child": 200, "worker_max_memory_per_child": 900_000, "accept_content": ["json"],
        "task_serializer": "json", "task_ignore_result": True, "worker_soft_shutdown_timeout": 2,
    }  # fmt: skip
    assert {name: found.get(name) for name in wanted} == wanted
    travel = {"visibility_timeout": 7200, "unacked_restore_interval": 5, "unacked_restore_throttle": 1}
    assert {name: found["broker_transport_options"].get(name) for name in travel} == travel


def test_jobs_under_fire(make_shop):
    """In small; `python -m tests.faults.jobs_under_fire` has a thousand jobs and the intervals of production."""
    shop = make_shop(environment=QUICK, durable=True)

    report = fire(shop, jobs=60, milliseconds=150, kills=4, pause=1.0, seed=7, seconds=60)

    assert (report.done, report.effects, report.doubled_effects, report.other_ends) == (60, 60, 0, 0)
    assert (report.child_kills, report.worker_kills, report.redis_kills, report.flushes) == (2, 2, 2, 1)
    assert report.recovery_seconds < 20
