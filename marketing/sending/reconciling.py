"""What became of rows that say "sending" and whose worker is gone: perhaps sent, until somebody can tell.

They are never sent again by themselves. A provider that can be asked says whether it has the message; a report of the
provider (delivered, bounced) says it too; else a person decides.
"""

from datetime import timedelta

from django.utils import timezone

from marketing.models import Campaign, MessageEvent, Recipient
from marketing.sending.channels import Provider, provider_for
from marketing.sending.working import LOST_SECONDS

State, Reason = Recipient.State, Recipient.Reason
AT_ONCE = 500
HEARD = (MessageEvent.Kind.DELIVERED, MessageEvent.Kind.OPENED, MessageEvent.Kind.CLICKED, MessageEvent.Kind.BOUNCED)


def settle(*, lost_seconds: float = LOST_SECONDS) -> dict[str, int]:
    """Rows that nobody hands over any more become "perhaps sent"; then providers are asked about all of these."""
    before = timezone.now() - timedelta(seconds=lost_seconds)
    lost = Recipient.objects.filter(state=State.SENDING, claimed_at__lte=before).update(state=State.UNKNOWN)
    return {"unknown": lost, **reconcile(before=before)}


def reconcile(*, before: object = None) -> dict[str, int]:
    """Ask about messages that were perhaps sent. One that the provider certainly never had has failed."""
    rows = Recipient.objects.filter(state=State.UNKNOWN)
    rows = rows.filter(claimed_at__lte=before) if before is not None else rows
    providers: dict[str, Provider] = {}
    sent, failed, last = 0, 0, 0
    while batch := list(rows.filter(pk__gt=last).order_by("pk")[:AT_ONCE]):
        last = batch[-1].pk
        heard = set(
            MessageEvent.objects.filter(recipient__in=batch, kind__in=HEARD).values_list("recipient_id", flat=True)
        )
        for row in batch:
            provider = providers.setdefault(row.channel, provider_for(row.channel))
            has = True if row.pk in heard else provider.has(row.message_id or "")
            mine = Recipient.objects.filter(pk=row.pk, state=State.UNKNOWN)
            if has:
                sent += mine.update(state=State.SENT, sent_at=row.claimed_at, provider=provider.name)
            elif has is False:
                failed += mine.update(state=State.FAILED, skip_reason=Reason.NOT_HANDED_OVER, provider=provider.name)
    return {"sent": sent, "failed": failed}


def cancel_left() -> int:
    """Waiting messages of campaigns that have ended."""
    left = Recipient.objects.filter(state=State.PLANNED, campaign__state__in=Campaign.ENDED)
    return left.update(state=State.CANCELLED, skip_reason=Reason.ENDED)
