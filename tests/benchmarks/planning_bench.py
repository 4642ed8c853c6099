"""Planning of 200,000 recipients with all checks: CPU seconds of the planner and of its database, and memory.

    python -m tests.benchmarks.planning_bench [--people 200000]

Three people of four may be written to; others took consent back, have no address, or are suppressed. Uses the database
that the settings name, in which nothing but this may stand; run it with a VAR_DIR of its own.
"""

import argparse
import os
import resource
import time
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
BATCH = 5_000


def make(people: int) -> int:
    """Customers, consents, suppressions and an approved campaign of two steps with two versions and a holdout."""
    from django.utils import timezone

    from catalog.models import Customer
    from core.models import ShopProfile
    from marketing import addresses
    from marketing.campaigns import lifecycle
    from marketing.models import Audience, Campaign, Consent, MarketingSettings, Suppression, Template

    ShopProfile.objects.get_or_create(defaults={"name": "Bench"})
    MarketingSettings.current()
    MarketingSettings.objects.update(second_person_above=people)
    now = timezone.now()
    for start in range(0, people, BATCH):
        rows = Customer.objects.bulk_create(
            Customer(
                name=f"P{n}", country="CN", joined_at=now, email="" if n % 16 == 1 else f"p{n}@shop.example",
            )
            for n in range(start, min(start + BATCH, people))
        )  # fmt: skip
        Consent.objects.bulk_create(
            Consent(
                customer=row, purpose="offers", channel="email", at=now, source="import",
                state="withdrawn" if place % 8 == 0 else "given",
            )
            for place, row in enumerate(rows)
        )  # fmt: skip
        Suppression.objects.bulk_create(
            Suppression(
                channel="email", reason="bounce", at=now,
                address_hash=addresses.hash_of("email", f"p{n}@shop.example"),
            )
            for n in range(start + 2, min(start + BATCH, people), 16)
        )  # fmt: skip
    message = Template.objects.create(
        name="Bench", kind="text", subject={"en": "Tea", "zh-hans": "茶"},
        body=dict.fromkeys(("en", "zh-hans"), "{{name}} {{unsubscribe_url}}"),
    )  # fmt: skip
    rule = {"rule": {"field": "country", "op": "in", "value": ["CN"]}}
    audience = Audience.objects.create(name="Bench", source="rule", definition=rule)
    campaign = Campaign.objects.create(name="Bench", audience=audience, holdout_share="0.1")
    arms = [{"key": "a", "weight": 1}, {"key": "b", "weight": 1}]
    lifecycle.set_steps(campaign, [{"template": message, "arms": arms}, {"template": message, "wait_hours": 48}])
    return campaign.pk


def database_seconds() -> float:
    """CPU seconds of the process of this connection."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200_000)
    asked = parser.parse_args()
    import django

    django.setup()
    from marketing.campaigns import lifecycle, planning
    from marketing.models import Campaign, Recipient

    campaign = Campaign.objects.get(pk=make(asked.people))
    for name, act in (
        ("check", lambda: lifecycle.mark_checked(campaign, by=None)),
        ("plan", lambda: planning.plan(campaign.pk)),
    ):
        if name == "plan":
            Campaign.objects.filter(pk=campaign.pk).update(state=Campaign.State.APPROVED)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        wall, own, theirs = time.perf_counter(), time.process_time(), database_seconds()
        act()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(
            f"{name}: {time.process_time() - own:.1f} CPU s, database {database_seconds() - theirs:.1f} CPU s, "
            f"{time.perf_counter() - wall:.1f} s, memory {before // 1024} → {after // 1024} MB"
        )
    print(f"{Recipient.objects.count():,} rows")


if __name__ == "__main__":
    main()
