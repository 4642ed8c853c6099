"""Codes for many customers: processor seconds here and in PostgreSQL's own process, and statements.

    python -m tests.benchmarks.offers_bench [--people 100000]

Uses the database that the settings name, in which nothing but this may stand; run it with a VAR_DIR of its own.
"""

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
TICKS = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """Processor seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def measured(offer: Any, people: list[int], at: Any) -> dict[str, Any]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from marketing import offers

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    wall, here, there = time.perf_counter(), time.process_time(), of_process(backend)
    given = offers.issue(offer.pk, people, at=at)
    found = {
        "codes": len(given), "wall_seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - here,
        "database_cpu_seconds": of_process(backend) - there,
    }  # fmt: skip
    with CaptureQueriesContext(connection) as queries:
        offers.issue(offer.pk, people[:1], at=at)
    found["statements_of_one_again"] = len(queries)
    return found


def main(options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from catalog.models import Customer
    from crm.models import LoyaltyProgramme
    from marketing.models import Offer

    call_command("migrate", verbosity=0)
    now = timezone.now()
    LoyaltyProgramme.current()
    LoyaltyProgramme.objects.update(is_on=True, started_at=now)
    people: list[int] = []
    for start in range(0, options.people, 5_000):
        rows = Customer.objects.bulk_create(
            Customer(name=f"P{n}", joined_at=now) for n in range(start, min(start + 5_000, options.people))
        )
        people += [row.pk for row in rows]
    return {
        "plain": measured(Offer.objects.create(name="Plain", value=10), people, now),
        "limited": measured(
            Offer.objects.create(name="Limited", unit="amount", value=5, budget=10_000_000, max_codes=10_000_000),
            people, now,
        ),
        "points": measured(Offer.objects.create(name="Points", kind="points", unit="points", value=50), people, now),
    }  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=100_000)
    json.dump(main(parser.parse_args()), sys.stdout, indent=2)
