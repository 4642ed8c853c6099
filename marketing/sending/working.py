"""The loop of the job that sends: claim, hand over, write down what came of it."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db.models import F
from django.utils import timezone

from marketing.models import Campaign, MarketingSettings, Recipient
from marketing.sending import breakers
from marketing.sending.bucket import Bucket
from marketing.sending.channels import NotNow, Provider, Refused, Unanswered, provider_for
from marketing.sending.claiming import Claimed, claim
from marketing.sending.writing import Unwritable, Writer

log = structlog.get_logger(__name__)
BATCH = 50
"""So many may be "perhaps sent" when a worker dies: those it has claimed and not come to yet."""
MOST_TRIES = 20
LOST_SECONDS = 600
"""Whoever has not handed over what it claimed by then has lost it (see reconciling)."""
State, Reason = Recipient.State, Recipient.Reason


@dataclass
class Tally:
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    put_back: int = 0

    def as_dict(self) -> dict[str, int]:
        return dict(vars(self))


def run(*, seconds: float = 40.0, is_stopped: Callable[[], bool] = lambda: False) -> Tally:
    """Send what is due of running campaigns and single messages, until nothing is left or the time is over."""
    ends = time.monotonic() + seconds
    tally, worker = Tally(), Worker(ends, is_stopped)
    if not MarketingSettings.current().is_sending:
        return tally
    while time.monotonic() < ends and not is_stopped():
        moved = 0
        for campaign_id in _places():
            moved += worker.round(campaign_id, tally)
        if not moved:
            break
    return tally


def _places() -> list[int | None]:
    """Single messages first: they are few and somebody waits for them."""
    running = Campaign.objects.filter(state=Campaign.State.RUNNING).order_by("pk").values_list("pk", flat=True)
    return [None, *running]


class Worker:
    """One worker: its providers, their rates, and which of them do not take anything at the moment."""

    def __init__(self, ends: float, is_stopped: Callable[[], bool] = lambda: False) -> None:
        self.ends = ends
        self.is_stopped = is_stopped
        self.providers: dict[str, Provider] = {}
        self.buckets: dict[str, Bucket] = {}
        self.down: set[str] = set()

    def round(self, campaign_id: int | None, tally: Tally) -> int:
        """Claim once and hand over. Returns how many rows changed; 0 ends the loop."""
        if campaign_id is not None and self._is_down(campaign_id):
            return 0
        taken = claim(campaign_id, most=BATCH)
        tally.skipped += taken.skipped
        self.hand_over(taken.claimed, tally)
        if campaign_id is not None and taken.claimed:
            breakers.look_at(campaign_id)
        return len(taken.claimed) + taken.skipped + taken.later

    def _is_down(self, campaign_id: int) -> bool:
        return bool(self.down) and Campaign.objects.filter(pk=campaign_id, channel__in=self.down).exists()

    def hand_over(self, claimed: Iterable[Claimed], tally: Tally) -> None:
        """One after the other. What this process certainly did not hand over is put back."""
        writer, rest = Writer(), list(claimed)
        began = time.monotonic()
        while rest:
            one = rest[0]
            if self._must_stop(one, began) or not self._wait(one):
                tally.put_back += put_back(rest)
                return
            rest.pop(0)
            self._one(one, writer, tally)

    def _must_stop(self, one: Claimed, began: float) -> bool:
        is_late = time.monotonic() - began > LOST_SECONDS / 2
        return is_late or self.is_stopped() or one.channel in self.down

    def _wait(self, one: Claimed) -> bool:
        """Until the provider may have the next one. False: not in the time that is left."""
        provider = self._provider(one.channel)
        if provider.name not in self.buckets:
            self.buckets[provider.name] = Bucket(provider.name, MarketingSettings.current().per_second)
        while (pause := self.buckets[provider.name].take()) > 0:
            if time.monotonic() + pause > self.ends or self.is_stopped():
                return False
            time.sleep(min(pause, 1.0))
        return True

    def _provider(self, channel: str) -> Provider:
        if channel not in self.providers:
            self.providers[channel] = provider_for(channel)
        return self.providers[channel]

    def _one(self, one: Claimed, writer: Writer, tally: Tally) -> None:
        provider = self._provider(one.channel)
        try:
            message = writer.write(one)
        except Unwritable:
            note(one, State.FAILED, provider, skip_reason=Reason.UNWRITTEN)
            tally.failed += 1
            return
        try:
            provider.hand_over(message)
        except NotNow as error:
            log.info("message.not_now", recipient_id=one.recipient_id, reason=str(error)[:200])
            tally.put_back += put_back([one], is_tried=True)
            self.down.add(one.channel)
        except Refused as error:
            log.info("message.refused", recipient_id=one.recipient_id, reason=str(error)[:200])
            note(one, State.FAILED, provider, skip_reason=Reason.REFUSED)
            tally.failed += 1
        except Unanswered as error:
            log.warning("message.unanswered", recipient_id=one.recipient_id, reason=str(error)[:200])
            note(one, State.UNKNOWN, provider)
            tally.unknown += 1
        except BaseException:
            # This process is asked to end in the middle of a conversation: nobody knows.
            note(one, State.UNKNOWN, provider)
            raise
        else:
            note(one, State.SENT, provider, sent_at=timezone.now())
            tally.sent += 1


def note(one: Claimed, state: str, provider: Provider, **changes: Any) -> bool:
    """Only while the row still says "sending": a late worker does not overwrite what was found out meanwhile, but for
    one thing: what it saw sent is sent."""
    known = [State.SENDING, State.UNKNOWN] if state == State.SENT else [State.SENDING]
    rows = Recipient.objects.filter(pk=one.recipient_id, state__in=known)
    return bool(rows.update(state=state, provider=provider.name, **changes))


def put_back(rest: Iterable[Claimed], *, is_tried: bool = False) -> int:
    """Certainly not handed over: due again. What the provider did not take waits longer with each try, and after
    MOST_TRIES it has failed; what nobody came to waits no longer than before."""
    rows = Recipient.objects.filter(pk__in=[one.recipient_id for one in rest], state=State.SENDING)
    if not is_tried:
        return rows.update(state=State.PLANNED, claimed_at=None, tries=F("tries") - 1)
    count, now = 0, timezone.now()
    for tries in set(rows.values_list("tries", flat=True)):
        same = rows.filter(tries=tries)
        if tries >= MOST_TRIES:
            count += same.update(state=State.FAILED, skip_reason=Reason.NOT_HANDED_OVER)
        else:
            pause = timedelta(seconds=min(60 * 2 ** (tries - 1), 3600))
            count += same.update(state=State.PLANNED, due_at=now + pause, claimed_at=None)
    return count
