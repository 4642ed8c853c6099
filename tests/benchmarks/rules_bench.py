"""Consent, quiet hours and the cap with real rows: random cases in which three do something at once, and no violation.

    python -m tests.benchmarks.rules_bench [--people 10000] [--seed 1]

Half of the people live through the night in which clocks go forward, half through that in which they go back, hour by
hour. Everybody is in two campaigns, each claimed by a thread of its own; a third takes consents back meanwhile. One
message in seven days is allowed. What was claimed is judged by rules that are written down here a second time. Uses the
database that the settings name, in which nothing but this may stand; run it with a VAR_DIR of its own.
"""

import argparse
import os
import random
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from datetime import time as clock
from typing import Any
from zoneinfo import ZoneInfo

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
NIGHTS = (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 10, 24, 12, tzinfo=UTC))
HOURS, QUIET_FROM, QUIET_UNTIL, CAP_DAYS = 48, clock(21), clock(8), 7
COUNTRIES = ("GB", "DE", "US", "CN", "BR", "AU", "CL", "NZ", "PT", "nowhere")


class Night:
    """One clock change, with half of the people."""

    def __init__(self, begin: datetime, people: int, chance: random.Random) -> None:
        from catalog.models import Customer
        from marketing.models import Campaign, CampaignStep, Consent, Recipient

        self.begin, self.chance = begin, chance
        rows = Customer.objects.bulk_create(
            Customer(name=f"P{n}", phone=f"+86{n:08d}", country=chance.choice(COUNTRIES), joined_at=begin)
            for n in range(people)
        )
        self.countries = {row.pk: row.country for row in rows}
        for start in range(0, people, 1_000):
            Consent.objects.bulk_create(
                Consent(customer=row, purpose="offers", channel="sms", state="given", at=begin, source="import")
                for row in rows[start : start + 1_000]
            )
        self.campaigns = []
        for name in ("One", "Two"):
            campaign = Campaign.objects.create(name=name, channel="sms", state="running")
            step = CampaignStep.objects.create(campaign=campaign)
            self.campaigns.append(campaign.pk)
            Recipient.objects.bulk_create(
                Recipient(
                    campaign=campaign, step=step, customer=row, purpose="offers", channel="sms",
                    due_at=begin + timedelta(minutes=chance.randrange(HOURS * 60)),
                )
                for row in rows
            )  # fmt: skip
        self.withdrawn: dict[int, float] = {}
        """When this process knew that it was done."""
        self.claimed: list[tuple[int, datetime, float]] = []
        """Whom, at which moment, and when this process asked."""

    def live(self) -> None:
        leaving = self.chance.sample(sorted(self.countries), len(self.countries) // 3)
        for hour in range(HOURS + 1):
            moment = self.begin + timedelta(hours=hour, minutes=self.chance.randrange(60))
            works = [(self.claim, (pk, moment)) for pk in self.campaigns]
            works.append((self.withdraw, (leaving[hour :: HOURS + 1],)))
            threads = [threading.Thread(target=self.alone, args=(work, given)) for work, given in works]
            for one in threads:
                one.start()
            for one in threads:
                one.join()

    @staticmethod
    def alone(work: Any, given: tuple[Any, ...]) -> None:
        from django.db import connection

        try:
            work(*given)
        finally:
            connection.close()

    def claim(self, campaign_id: int, moment: datetime) -> None:
        from marketing.sending.claiming import claim

        for _round in range(200):
            asked = time.monotonic()
            taken = claim(campaign_id, most=200, now=moment)
            self.claimed += [(one.customer_id, moment, asked) for one in taken.claimed]
            if not (taken.claimed or taken.skipped or taken.later):
                return

    def withdraw(self, customers: list[int]) -> None:
        from marketing import services

        for pk in customers:
            services.tell(pk, [services.Word("offers", "sms", given=False)], services.Proof("staff"))
            self.withdrawn[pk] = time.monotonic()

    def violations(self) -> Counter[str]:
        from core.shop import current_shop
        from marketing.sending.zones import zones_of

        found: Counter[str] = Counter()
        had: dict[int, datetime] = {}
        for pk, moment, asked in sorted(self.claimed, key=lambda one: one[1]):
            found["consent"] += asked > self.withdrawn.get(pk, float("inf"))
            found["cap"] += pk in had and moment - had[pk] < timedelta(days=CAP_DAYS)
            had[pk] = moment
            for zone in zones_of(self.countries[pk], current_shop().time_zone):
                local = moment.astimezone(ZoneInfo(zone))
                found["quiet"] += not 8 * 60 <= local.hour * 60 + local.minute < 21 * 60
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    import django

    django.setup()
    from core.models import ShopProfile
    from marketing.models import MarketingSettings, Recipient

    ShopProfile.objects.get_or_create(defaults={"name": "Bench"})
    MarketingSettings.current()
    MarketingSettings.objects.update(
        quiet_from=QUIET_FROM, quiet_until=QUIET_UNTIL, cap_messages=1, cap_days=CAP_DAYS, is_sending=True
    )
    chance, total = random.Random(asked.seed), Counter[str]()
    for begin in NIGHTS:
        night = Night(begin, asked.people // len(NIGHTS), chance)
        began = time.perf_counter()
        night.live()
        total += night.violations()
        print(
            f"{begin:%B}: {len(night.claimed)} claimed, {len(night.withdrawn)} took consent back,"
            f" {time.perf_counter() - began:.0f} s",
            flush=True,
        )
    ends = Counter(Recipient.objects.values_list("state", "skip_reason"))
    print({f"{state} {reason}".strip(): count for (state, reason), count in sorted(ends.items())})
    print("violations:", {name: total[name] for name in ("consent", "cap", "quiet")})
    return 1 if sum(total.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
