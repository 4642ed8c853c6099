"""The loop of the job that sends: claim, hand over, write down what came of it."""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import F
from django.utils import timezone

from core.jobs import progress
from marketing.models import Campaign, Channel, MarketingSettings, Recipient, Suppression
from marketing.sending import breakers, doors
from marketing.sending.bucket import Bucket
from marketing.sending.channels import NoEntry, NotNow, Outgoing, Provider, Refused, Unanswered, provider_for
from marketing.sending.claiming import Claimed, claim
from marketing.sending.writing import Unwritable, Writer
from marketing.services import consent

log = structlog.get_logger(__name__)
BATCH = 50
"""So many may be "perhaps sent" when a worker dies: those it has claimed and not come to yet."""
MOST_TRIES = 20
LOST_SECONDS = 600
"""Whoever has not handed over what it claimed by then has lost it (see reconciling)."""
LOOK_SECONDS = 1.0
"""So long after the switch, or the campaign, was stopped a message may still be handed over."""
JUDGED_EVERY = 10
"""Whether a campaign is to be paused is asked after each round, but for so many times as long as the last answer took:
it counts the campaign's messages, and must not cost more than sending them."""
MOST_UNANSWERED = 3
"""After so many in a row without an answer the provider is left alone: it is down, and each more is one that nobody
knows about."""
State, Reason = Recipient.State, Recipient.Reason
CHANNELS = tuple(Channel.values)


@dataclass
class Tally:
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    put_back: int = 0

    def as_dict(self) -> dict[str, int]:
        return dict(vars(self))


def run(
    *, seconds: float = 40.0, is_stopped: Callable[[], bool] = lambda: False, channels: Collection[str] = CHANNELS
) -> Tally:  # fmt: skip
    """Send what is due of running campaigns and single messages, until nothing is left or the time is over. An error
    that nobody expected ends the round of its campaign only, and is raised at the end."""
    ends = time.monotonic() + seconds
    tally, worker = Tally(), Worker(ends, is_stopped, channels)
    if not MarketingSettings.current().is_sending:
        return tally
    while time.monotonic() < ends and not is_stopped():
        moved = 0
        for campaign_id in _places(channels):
            moved += worker.round(campaign_id, tally)
        if not moved:
            break
    worker.judge_the_rest()
    for error in worker.broken.values():
        raise error
    return tally


def _places(channels: Collection[str]) -> list[int | None]:
    """Single messages first: they are few and somebody waits for them."""
    running = Campaign.objects.filter(state=Campaign.State.RUNNING, channel__in=channels)
    return [None, *running.order_by("pk").values_list("pk", flat=True)]


def channels_due() -> list[str]:
    """Channels by which something may be waiting to go now. Two small queries."""
    running = Campaign.objects.filter(state=Campaign.State.RUNNING).order_by().values_list("channel", flat=True)
    single = Recipient.objects.filter(campaign=None, state=State.PLANNED, due_at__lte=timezone.now()).order_by()
    return sorted({*running.distinct(), *single.values_list("channel", flat=True).distinct()})


class Worker:
    """One worker: its providers, their rates, and which of them do not take anything at the moment."""

    def __init__(
        self, ends: float, is_stopped: Callable[[], bool] = lambda: False, channels: Collection[str] = CHANNELS
    ) -> None:  # fmt: skip
        self.ends = ends
        self.is_stopped = is_stopped
        self.channels = channels
        self.providers: dict[str, Provider] = {}
        self.buckets: dict[str, Bucket] = {}
        self.down: set[str] = set()
        self.broken: dict[int | None, Exception] = {}
        self._unanswered: Counter[str] = Counter()
        self._open: set[str] = set()
        self._looked = (0.0, True)
        self._unjudged: set[int] = set()
        self._judged: dict[int, float] = {}

    def round(self, campaign_id: int | None, tally: Tally) -> int:
        """Claim once and hand over. Returns how many rows came to something; 0 ends the loop."""
        if campaign_id in self.broken or (campaign_id is not None and self._is_down(campaign_id)):
            return 0
        # Single messages stand in one line for all channels: those of one that is down do not hold up the others.
        were_down = len(self.down)
        wanted = set(self.channels) - self.down if campaign_id is None else None
        taken = claim(campaign_id, most=BATCH, channels=wanted)
        tally.skipped += taken.skipped
        before = tally.put_back
        self._looked = (time.monotonic(), True)  # the claim asked for both
        try:
            self.hand_over(taken.claimed, tally)
        except Exception as error:
            log.exception("message.broken", campaign_id=campaign_id)
            self.broken[campaign_id] = error
        if campaign_id is not None and taken.claimed:
            self._unjudged.add(campaign_id)
            if time.monotonic() >= self._judged.get(campaign_id, 0.0):
                self._judge(campaign_id)
        moved = len(taken.claimed) - (tally.put_back - before) + taken.skipped + taken.later
        return moved or int(campaign_id is None and len(self.down) > were_down)  # the other channels' turn

    def judge_the_rest(self) -> None:
        """Campaigns of which messages went out since they were judged."""
        for campaign_id in sorted(self._unjudged):
            self._judge(campaign_id)

    def _judge(self, campaign_id: int) -> None:
        began = time.monotonic()
        breakers.look_at(campaign_id)
        ended = time.monotonic()
        self._judged[campaign_id] = ended + JUDGED_EVERY * (ended - began)
        self._unjudged.discard(campaign_id)

    def _is_down(self, campaign_id: int) -> bool:
        return bool(self.down) and Campaign.objects.filter(pk=campaign_id, channel__in=self.down).exists()

    def hand_over(self, claimed: Iterable[Claimed], tally: Tally) -> None:
        """One after the other. What this process certainly did not hand over is put back, whatever interrupts it."""
        rest = list(claimed)
        if not rest:
            return
        began, left = time.monotonic(), []
        try:
            writer = Writer()
            while rest:
                progress(tally.sent)  # staff may have asked the job to end
                one = rest[0]
                if one.channel in self.down:
                    left.append(rest.pop(0))
                    continue
                if not self._wait(one) or self._must_stop(one, began):
                    return
                message = self._written(one, writer, tally)
                rest.pop(0)
                if message is not None:
                    self._hand_over(one, message, tally)
        finally:
            tally.put_back += put_back([*left, *rest])

    def _must_stop(self, one: Claimed, began: float) -> bool:
        is_late = time.monotonic() - began > LOST_SECONDS / 2
        return is_late or self.is_stopped() or not self._may_go(one.campaign_id)

    def _may_go(self, campaign_id: int | None) -> bool:
        """The switch is on and the campaign runs, asked again every second: what was claimed meanwhile goes back."""
        looked_at, may_go = self._looked
        if may_go and time.monotonic() - looked_at >= LOOK_SECONDS:
            may_go = MarketingSettings.objects.filter(is_sending=True).exists() and (
                campaign_id is None
                or Campaign.objects.filter(pk=campaign_id, state=Campaign.State.RUNNING).exists()
            )  # fmt: skip
            self._looked = (time.monotonic(), may_go)
        return may_go

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

    def _written(self, one: Claimed, writer: Writer, tally: Tally) -> Outgoing | None:
        """None: it has failed. An error that nobody expected fails it too; that the database is away says nothing of
        the message."""
        try:
            return writer.write(one)
        except DatabaseError:
            raise
        except Exception as error:
            note(one, State.FAILED, self._provider(one.channel), skip_reason=Reason.UNWRITTEN)
            tally.failed += 1
            if not isinstance(error, Unwritable):
                raise
            return None

    def _hand_over(self, one: Claimed, message: Outgoing, tally: Tally) -> None:
        provider = self._provider(one.channel)
        try:
            provider.hand_over(message)
        except NoEntry as error:
            log.warning("message.no_entry", recipient_id=one.recipient_id, reason=str(error)[:200])
            tally.put_back += put_back([one])
            self.down.add(one.channel)
            doors.closed(provider.name, str(error))
        except NotNow as error:
            log.info("message.not_now", recipient_id=one.recipient_id, reason=str(error)[:200])
            tally.put_back += put_back([one], is_tried=True)
            self.down.add(one.channel)
        except Refused as error:
            log.info("message.refused", recipient_id=one.recipient_id, reason=str(error)[:200])
            note(one, State.FAILED, provider, skip_reason=Reason.REFUSED)
            if error.is_no_mailbox:
                consent.suppress(one.channel, one.address, Suppression.Reason.BOUNCE)
            tally.failed += 1
            self._answered(one.channel, provider)
        except Unanswered as error:
            log.warning("message.unanswered", recipient_id=one.recipient_id, reason=str(error)[:200])
            note(one, State.UNKNOWN, provider)
            tally.unknown += 1
            self._unanswered[one.channel] += 1
            if self._unanswered[one.channel] >= MOST_UNANSWERED:
                self.down.add(one.channel)
        except BaseException:
            # An error of the provider's own, or this process is asked to end in the middle: nobody knows.
            note(one, State.UNKNOWN, provider)
            raise
        else:
            note(one, State.SENT, provider, sent_at=timezone.now())
            tally.sent += 1
            self._answered(one.channel, provider)

    def _answered(self, channel: str, provider: Provider) -> None:
        """The provider takes messages, or says which not."""
        self._unanswered[channel] = 0
        if provider.name not in self._open:
            self._open.add(provider.name)
            doors.opened(provider.name)


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
