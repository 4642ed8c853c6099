"""Claims a second, and 50,000 recipients with workers that are killed: nobody twice, everybody with one end.

    python -m tests.benchmarks.sending_bench [--people 50000] [--workers 4] [--kills 3]

Uses the database that the settings name, in which nothing but this may stand; run it with a VAR_DIR of its own.
"""

import argparse
import json
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from datetime import time as clock
from pathlib import Path

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
PLAN = """
INSERT INTO marketing_recipient (campaign_id, step_id, customer_id, purpose, channel, arm, is_holdout, state,
    skip_reason, due_at, provider, language, tries)
SELECT %s, %s, id, 'offers', 'sms', '', false, 'planned', '', now() - interval '1 minute', '', '', 0
FROM catalog_customer
ON CONFLICT DO NOTHING
"""


def make(people: int) -> int:
    from django.db import connection
    from django.utils import timezone

    from catalog.models import Customer
    from marketing.models import Campaign, CampaignStep, Consent, MarketingSettings, Template, TemplateVersion

    MarketingSettings.current()
    MarketingSettings.objects.update(quiet_from=clock(0), quiet_until=clock(0), per_second=1_000_000, cap_messages=100)
    now = timezone.now()
    for start in range(0, people, 5_000):
        rows = Customer.objects.bulk_create(
            Customer(name=f"P{n}", phone=f"+86{10_000_000 + n}", joined_at=now)
            for n in range(start, min(start + 5_000, people))
        )
        Consent.objects.bulk_create(
            Consent(customer=row, purpose="offers", channel="sms", state="given", at=now, source="import")
            for row in rows
        )
    template = Template.objects.create(name="Bench", channel="sms", kind="text")
    version = TemplateVersion.objects.create(
        template=template, number=1, purpose="offers", channel="sms", kind="text", text={"en": "Hello {{name}}"}
    )
    campaign = Campaign.objects.create(name="Bench", channel="sms", state="running")
    step = CampaignStep.objects.create(campaign=campaign, template_version=version)
    with connection.cursor() as cursor:
        for _three in range(3):
            cursor.execute(PLAN, [campaign.pk, step.pk])
    return campaign.pk


def work(folder: str) -> None:
    import django

    django.setup()
    from marketing.sending import working
    from marketing.sending.channels import FileProvider

    provider = FileProvider("sms", Path(folder))
    working.provider_for = lambda channel: provider
    working.Bucket = Free  # type: ignore[misc, assignment]
    working.run(seconds=3_600)


class Free:
    """No limit of rate: the engine itself is measured."""

    def __init__(self, *args: object) -> None: ...

    def take(self) -> float:
        return 0.0


def measure_claims(campaign_id: int, most: int) -> tuple[float, float]:
    """Claims a wall second and a CPU second of one process; afterwards all are planned again."""
    from marketing.models import Recipient
    from marketing.sending.claiming import claim

    began, cpu, count = time.perf_counter(), time.process_time(), 0
    while count < most:
        taken = claim(campaign_id, most=500)
        if not taken.claimed:
            break
        count += len(taken.claimed)
    spent = time.perf_counter() - began, time.process_time() - cpu
    Recipient.objects.update(state="planned", claimed_at=None, tries=0)
    return count / spent[0], count / spent[1]


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--people", type=int, default=50_000)
    options.add_argument("--workers", type=int, default=4)
    options.add_argument("--kills", type=int, default=3)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()

    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    campaign_id = make(given.people)
    rates = [measure_claims(campaign_id, min(given.people, 10_000)) for _three in range(3)]
    print("claims/s (wall, CPU):", [tuple(round(one) for one in pair) for pair in rates], flush=True)
    connections.close_all()

    folder = str(Path(settings.VAR_DIR) / "bench-messages")
    context, chance = multiprocessing.get_context("spawn"), random.Random(given.seed)
    workers = [context.Process(target=work, args=(folder,)) for _one in range(given.workers)]
    began = time.perf_counter()
    for one in workers:
        one.start()
    lines = Path(folder) / "sms.jsonl"
    marks = sorted(chance.sample(range(given.people // 10, 9 * given.people // 10), given.kills))
    for mark in marks:
        while not lines.exists() or sum(1 for _line in lines.open()) < mark:
            time.sleep(0.2)
        victim = chance.choice([one for one in workers if one.is_alive()])
        os.kill(victim.pid or 0, signal.SIGKILL)
        victim.join()
        again = context.Process(target=work, args=(folder,))
        again.start()
        workers.append(again)
    for one in workers:
        one.join()
    seconds = time.perf_counter() - began
    print(f"sent in {seconds:.0f} s", flush=True)
    report(folder)


def report(folder: str) -> None:
    from marketing.models import Recipient
    from marketing.sending import reconciling
    from marketing.sending.channels import FileProvider

    had = Counter(json.loads(line)["to"] for line in (Path(folder) / "sms.jsonl").open())
    before = Counter(Recipient.objects.values_list("state", flat=True))
    provider = FileProvider("sms", Path(folder))
    reconciling.provider_for = lambda channel: provider
    settled = reconciling.settle(lost_seconds=0)
    after = Counter(Recipient.objects.values_list("state", flat=True))
    twice = sum(1 for count in had.values() if count > 1)
    sent = set(Recipient.objects.filter(state="sent").values_list("customer__phone", flat=True))
    print(f"at the sink: {sum(had.values())} messages, {len(had)} people, {twice} twice")
    print(f"states: {dict(before)} -> {dict(after)} (settled {settled})")
    print(f"sent and at the sink agree: {sent == set(had)}")
    if twice or sent != set(had) or set(after) - {"sent", "failed"}:
        sys.exit(1)


if __name__ == "__main__":
    main()
