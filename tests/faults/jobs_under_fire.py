"""A thousand jobs while their workers are killed and Redis is restarted and emptied.

`python -m tests.faults.jobs_under_fire` runs with the intervals of production and prints what became of the jobs.
Nothing may be lost, no effect may happen twice, and what a kill interrupted must be done within 90 s. The test
`test_jobs_under_fire` does the same in small.
"""

import argparse
import itertools
import os
import random
import sys
import time
from dataclasses import asdict, dataclass, field

import django
import psutil

from tests.faults.harness import Shop, until
from tests.faults.harness.processes import family, kill_family

WORKER = "worker-light"
RECOVERY_SECONDS = 90.0


@dataclass
class Report:
    """What became of the jobs. `recovery_seconds`: from a kill until the jobs it interrupted were done, the longest;
    `idle_seconds`: the longest time without any job ending while some waited."""

    jobs: int
    done: int = 0
    other_ends: int = 0
    reasons: list[str] = field(default_factory=list)
    effects: int = 0
    doubled_effects: int = 0
    started_again: int = 0
    child_kills: int = 0
    worker_kills: int = 0
    redis_kills: int = 0
    flushes: int = 0
    recovery_seconds: float = 0.0
    idle_seconds: float = 0.0
    took_seconds: float = 0.0

    @property
    def is_good(self) -> bool:
        return (
            self.done == self.effects == self.jobs
            and not self.other_ends
            and not self.doubled_effects
            and self.recovery_seconds <= RECOVERY_SECONDS
        )


@dataclass
class Fire:
    """Faults in random order, from a seed."""

    shop: Shop
    report: Report
    chance: random.Random
    interrupted: list[tuple[float, list[int]]] = field(default_factory=list)

    def child(self) -> None:
        until(self._kill_one, seconds=120, what="a child to kill", pause=0.2)
        self.report.child_kills += 1

    def _kill_one(self) -> bool:
        """False when there is none at work. Who kills children at the moment they appear keeps the worker from ever
        starting, with the supervisor's pause of up to 30 s before each next try: another fault than this one."""
        children = self._family()[1:]
        if not children or not self._is_at_work():
            return False
        self._note()
        self.chance.choice(children).kill()  # one that has gone by itself raises: then another is looked for
        return True

    def worker(self) -> None:
        until(self._is_at_work, seconds=120, what="the worker works again", pause=0.2)
        eldest = until(self._family, seconds=60, what="the worker runs again")[0]
        self._note()
        kill_family(eldest.pid)
        self.report.worker_kills += 1

    def _is_at_work(self) -> bool:
        """Jobs end."""
        return bool(self.shop.ask("SELECT 1 FROM core_job WHERE finished_at > now() - interval '2 s' LIMIT 1"))

    def _family(self) -> list[psutil.Process]:
        """The worker and its children; nobody while it is being started again."""
        process = self.shop.part(WORKER).child.process
        return family(process.pid) if process else []

    def redis(self) -> None:
        self.shop.redis.kill()
        time.sleep(1.0)
        self.shop.redis.start()
        self.report.redis_kills += 1

    def flush(self) -> None:
        self.shop.redis.flush()
        self.report.flushes += 1

    def _note(self) -> None:
        running = self.shop.ask("SELECT id FROM core_job WHERE state = 'running'")
        now = self.shop.ask("SELECT extract(epoch FROM now())")[0][0]
        self.interrupted.append((float(now), [row[0] for row in running]))


def fire(shop: Shop, *, jobs: int, milliseconds: int, kills: int, pause: float, seed: int, seconds: float) -> Report:
    """Ask for the jobs, break things until as many kills are done, wait for the last job. `pause` between faults."""
    from tests.faults.probes import Asker, with_probes

    report, chance = Report(jobs), random.Random(seed)
    attack = Fire(shop, report, chance)
    faults = [attack.child, attack.worker] * (kills // 2) + [attack.redis, attack.flush, attack.redis]
    chance.shuffle(faults)
    with_probes(shop).start(WORKER, "scheduler")
    asker = Asker(shop)
    began = time.monotonic()
    try:
        with shop.revived():
            asker.enqueue("effect", jobs, milliseconds=milliseconds)
            until(lambda: shop.ask("SELECT 1 FROM core_job WHERE state = 'running'"), seconds=60, what="the first job")
            for fault in faults:
                time.sleep(chance.uniform(0.5, 1.5) * pause)
                fault()
            until(lambda: _open(shop) == 0, seconds=seconds, what="the end of all jobs", pause=0.5)
    finally:
        asker.close()
    report.took_seconds = round(time.monotonic() - began, 1)
    _count(shop, attack)
    return report


def _open(shop: Shop) -> int:
    return int(
        shop.ask("SELECT count(*) FROM core_job WHERE kind = 'probe.effect' AND state IN ('queued','running')")[0][0]
    )


def _count(shop: Shop, attack: Fire) -> None:
    report = attack.report
    ends = dict(shop.ask("SELECT state, count(*) FROM core_job WHERE kind = 'probe.effect' GROUP BY state"))
    report.done = ends.pop("done", 0)
    report.other_ends = sum(ends.values())
    others = shop.ask(
        "SELECT id, state, starts, right(error, 200) FROM core_job WHERE kind = 'probe.effect' AND state <> 'done'"
    )
    report.reasons = [" ".join(map(str, row)) for row in others]
    rows = shop.ask("SELECT job_id, count(*) FROM probe_effect GROUP BY job_id")
    report.effects = len(rows)
    report.doubled_effects = sum(count > 1 for _job, count in rows)
    report.started_again = shop.ask("SELECT count(*) FROM core_job WHERE kind = 'probe.effect' AND starts > 1")[0][0]
    finished = dict(shop.ask("SELECT id, extract(epoch FROM finished_at) FROM core_job WHERE kind = 'probe.effect'"))
    for killed_at, numbers in attack.interrupted:
        for number in numbers:
            if number in finished:
                report.recovery_seconds = max(report.recovery_seconds, round(float(finished[number]) - killed_at, 1))
    moments = sorted(float(moment) for moment in finished.values())
    report.idle_seconds = round(max((b - a for a, b in itertools.pairwise(moments)), default=0.0), 1)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=1000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    production = {"JOB_RELAY_SECONDS": "10", "JOB_HEARTBEAT_SECONDS": "1", "JOB_LOST_SECONDS": "60"}
    shop = Shop(environment=production, durable=True)
    try:
        report = fire(
            shop, jobs=given.jobs, milliseconds=400, kills=given.kills, pause=8.0, seed=given.seed, seconds=600
        )  # fmt: skip
        lines = {"seed": given.seed, **asdict(report)}.items()
        sys.stdout.write("".join(f"{name:>18}  {value}\n" for name, value in lines))
        return 0 if report.is_good else 1
    except AssertionError:
        sys.stderr.write(shop.logs())
        raise
    finally:
        shop.remove()


if __name__ == "__main__":
    sys.exit(main())
