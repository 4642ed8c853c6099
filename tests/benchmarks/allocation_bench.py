"""Offers within a budget for 200,000 customers: CPU seconds of the job and of its database, and memory.

    python -m tests.benchmarks.allocation_bench [--people 200000]

Two of three offers were measured by campaigns that are over, to a tenth of the customers each; the first one moves
those who buy often and nobody else. Everybody bought one to four times. No code was used, so offers cost little, and
the budget is so small that it binds. Uses the database that the settings name, in which nothing but this may stand; run
it with a VAR_DIR of its own, after `manage.py migrate` there.
"""

import argparse
import os
import resource
import time
from datetime import timedelta
from decimal import Decimal
from typing import Any

import numpy as np

from tests.benchmarks.planning_bench import BATCH, database_seconds

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
DAYS_AGO = 20


def make(people: int) -> tuple[Any, list[Any]]:
    """Customers with orders and consent, two campaigns that are over, and a draft to all."""
    from django.db import connection
    from django.utils import timezone

    from catalog.models import Customer, Order
    from core.models import ShopProfile
    from marketing.models import Audience, Campaign, Consent, MarketingSettings, Offer

    ShopProfile.objects.get_or_create(defaults={"name": "Bench", "holdout_percent": 0})
    MarketingSettings.current()
    now = timezone.now().replace(hour=12, minute=0)
    begin = now - timedelta(days=DAYS_AGO)
    rng = np.random.default_rng(1)
    ten, two, new = (
        Offer.objects.create(name=name, kind="discount", **terms)
        for name, terms in (
            ("Ten percent", {"value": 10}), ("Two off", {"value": 2, "unit": "amount"}), ("New", {"value": 5}),
        )
    )  # fmt: skip
    past = [_past(ten, begin, "Spring"), _past(two, begin, "Summer")]
    for start in range(0, people, BATCH):
        rows = Customer.objects.bulk_create(
            Customer(name=f"P{n}", country="CN", joined_at=now, email=f"p{n}@shop.example")
            for n in range(start, min(start + BATCH, people))
        )  # fmt: skip
        Consent.objects.bulk_create(
            Consent(customer=row, purpose="offers", channel="email", at=now, source="import", state="given")
            for row in rows
        )
        often = rng.integers(0, 2, len(rows)) * 3
        last = DAYS_AGO + 5 + rng.integers(0, 60, len(rows))
        moments = [
            (row, now - timedelta(days=int(last[at]) + 9 * back)) for at, row in enumerate(rows)
            for back in range(1 + int(often[at]))
        ]  # fmt: skip
        which = start * 10 // people
        if which < len(past):
            moments += _sent(past[which], rows, often, rng, begin)
        Order.objects.bulk_create(
            Order(
                customer=row, number=f"B{start}-{at}", placed_at=moment, paid_at=moment, currency="CNY", base_rate=1,
                status="paid", lines_total=50, total=50, paid_total=50,
            )
            for at, (row, moment) in enumerate(moments)
        )  # fmt: skip
    rule = {"rule": {"field": "country", "op": "in", "value": ["CN"]}}
    audience = Audience.objects.create(name="Bench", source="rule", definition=rule)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return Campaign.objects.create(name="Bench", audience=audience, holdout_share="0.1"), [ten, two, new]


def _past(offer: Any, begin: Any, name: str) -> Any:
    from marketing.models import Campaign, CampaignStep

    found = Campaign.objects.create(
        name=name, state="done", holdout_share="0.5", ended_at=begin + timedelta(days=1), offer=offer
    )
    return CampaignStep.objects.create(campaign=found)


def _sent(step: Any, rows: list[Any], often: Any, rng: Any, begin: Any) -> list[tuple[Any, Any]]:
    """Who got the message by chance, and orders after it: the first campaign moves those who buy often."""
    from marketing.models import Recipient

    treated = rng.integers(0, 2, len(rows))
    Recipient.objects.bulk_create(
        Recipient(
            campaign_id=step.campaign_id, step=step, customer=row, purpose="offers", channel="email", due_at=begin,
            arm="a" if treated[at] else "control", is_holdout=not treated[at],
            state="sent" if treated[at] else "skipped", skip_reason="" if treated[at] else "holdout",
        )
        for at, row in enumerate(rows)
    )  # fmt: skip
    moved = np.where(often > 0, 0.3, 0.0) if step.campaign.name == "Spring" else np.full(len(rows), 0.05)
    chance = np.where(often > 0, 0.05, 0.3) + moved * treated
    after = begin + timedelta(days=2)
    return [(rows[at], after) for at in np.flatnonzero(rng.random(len(rows)) < chance)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    asked = parser.parse_args()
    import django

    django.setup()
    from marketing.allocation import deciding, learning, working

    campaign, offers = make(asked.people)
    budget = Decimal(asked.people) * 3 / 20_000
    row = deciding.ask(
        campaign, offers=[one.pk for one in offers], budget=budget, margin=Decimal("0.4"), by=None
    )  # fmt: skip
    for name, act in (("learn", learning.current), ("allocate", lambda: working.work_out(row.pk))):
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        own, theirs = time.process_time(), database_seconds()
        said = act()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{name}: {time.process_time() - own:.1f} CPU s, database {database_seconds() - theirs:.1f} CPU s, memory "
            f"{before // 1024} → {after // 1024} MB, {said}",
            flush=True,
        )
    row.refresh_from_db()
    print({key: row.results[key] for key in ("given", "reachable", "cost", "gain", "at_most")})


if __name__ == "__main__":
    main()
