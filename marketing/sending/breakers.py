"""A campaign that bounces or annoys too much is paused by itself, and somebody hears of it."""

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.alerts import AlertKind
from core.choices import Role
from core.said import Said
from marketing.models import Campaign, CampaignEvent, MarketingSettings, MessageEvent, Recipient

LEAST = 50
"""Shares of fewer messages say little; five complaints or bounces are looked at before that."""
LEAST_BAD = 5
RULE = "campaign_paused"
CAMPAIGN_PAUSED = AlertKind(
    title=_("A campaign was paused"),
    level="warning",
    roles=(Role.OWNER, Role.MARKETER),
    help=_("Too many of its messages bounced or were reported as spam. Look at the addresses before you go on."),
    permission="marketing.view_campaign",
)
BOUNCES = gettext_noop("“%(name)s” was paused: %(count)s of %(sent)s messages bounced or were refused.")
COMPLAINTS = gettext_noop("“%(name)s” was paused: %(count)s of %(sent)s messages were reported as spam.")


def look_at(campaign_id: int) -> bool:
    """Pause the campaign if its shares are too high; what the provider refused at once counts as bounced. True: it is
    paused now."""
    kinds = MessageEvent.Kind
    told = MessageEvent.objects.filter(
        recipient__campaign=campaign_id, kind__in=[kinds.BOUNCED, kinds.COMPLAINED]
    ).aggregate(
        bounced=Count("recipient", distinct=True, filter=Q(kind=kinds.BOUNCED)),
        complained=Count("recipient", distinct=True, filter=Q(kind=kinds.COMPLAINED)),
    )
    mine = Recipient.objects.filter(campaign=campaign_id)
    refused = mine.filter(state=Recipient.State.FAILED, skip_reason=Recipient.Reason.REFUSED).count()
    if not (told["bounced"] or told["complained"] or refused):
        return False
    sent = mine.filter(state__in=Recipient.WENT_OUT).count() + refused
    limits = MarketingSettings.current()
    for count, most, text in (
        (told["complained"], limits.most_complaints, COMPLAINTS),
        (told["bounced"] + refused, limits.most_bounces, BOUNCES),
    ):  # fmt: skip
        if count and (sent >= LEAST or count >= LEAST_BAD) and 100 * count > most * sent:
            return pause(campaign_id, text, count, sent)
    return False


@transaction.atomic
def pause(campaign_id: int, text: str, count: int, sent: int) -> bool:
    """Running becomes paused, with the reason in the campaign's history and an alert."""
    from core.alerts import raise_alert

    campaign = Campaign.objects.select_for_update(no_key=True).filter(pk=campaign_id, state="running").first()
    if campaign is None:
        return False
    values = {"name": campaign.name, "count": str(count), "sent": str(sent)}
    campaign.state, campaign.pause_reason = Campaign.State.PAUSED, (text % values)[:200]
    campaign.save(update_fields=["state", "pause_reason", "updated_at"])
    CampaignEvent.objects.create(campaign=campaign, before="running", after="paused", note=campaign.pause_reason)
    raise_alert(RULE, key=str(campaign.pk), said=Said(text, values))
    return True
