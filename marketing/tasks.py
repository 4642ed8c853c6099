"""Jobs of marketing. Each may run twice, late, or die at any line."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import job


@job(kind="marketing.send", queue="light", title=_("Send messages"), retries=0)
def send_messages(*, channel: str = "") -> dict[str, Any]:
    """Hand over what is due by this channel, for most of a minute. Without one: of every channel by which something
    waits, each in a job of its own, so that a provider which answers slowly, or not at all, holds up no other."""
    from core.jobs import enqueue
    from marketing.sending import working

    due = [channel] if channel else working.channels_due()
    for other in due[1:]:
        enqueue("marketing.tasks.send_messages", dedupe_key=f"marketing.send:{other}", channel=other)
    return working.run(seconds=40, channels=due[:1]).as_dict() if due else {}


@job(kind="marketing.upkeep", queue="light", title=_("Look after messages"), retries=1)
def look_after_messages() -> dict[str, Any]:
    """Messages that a dead worker left, reports that came early, campaigns that ended, consents nobody confirmed."""
    from marketing.sending import events, reconciling
    from marketing.services import forget_unconfirmed

    return {
        **reconciling.settle(),
        "adopted": events.adopt(),
        "cancelled": reconciling.cancel_left(),
        "unconfirmed": forget_unconfirmed(),
    }


@job(kind="marketing.plan", queue="light", title=_("Planning of a campaign"), retries=3)
def plan_campaign(*, campaign_id: int) -> dict[str, Any]:
    """One row for each person and step of an approved campaign. Goes on where it was cut off."""
    from marketing.campaigns import planning

    return planning.plan(campaign_id)


@job(kind="marketing.count", queue="light", title=_("Counting of an audience"), retries=1)
def count_audience(*, audience_id: int, purpose: str, channel: str) -> dict[str, Any]:
    """How many of an audience can be reached, and why others cannot. Safe to run at any time."""
    from core.jobs import progress
    from marketing.campaigns import audiences
    from marketing.models import Audience

    audience = Audience.objects.select_related("segment").get(pk=audience_id)
    total = audiences.customers_of(audience).count()
    return audiences.count_now(audience, purpose=purpose, channel=channel, told=lambda done: progress(done, total))


@job(kind="marketing.list", queue="light", title=_("Reading of a list of customers"), retries=1)
def read_audience_list(*, audience_id: int) -> dict[str, Any]:
    """The customers of a long uploaded list. A list that was read is not read again."""
    from marketing.campaigns import audiences

    return audiences.read_list(audience_id)


@job(kind="marketing.test", queue="light", title=_("Test message"), retries=0)
def send_test_message(*, campaign_id: int, message: str, staff_id: int) -> dict[str, Any]:
    """One version of a step to a member of staff. Run twice, it may arrive twice; nothing is counted."""
    from marketing.sending import testing

    return testing.send(campaign_id, message, staff_id)


@job(kind="marketing.check", queue="light", title=_("Check of a campaign"), retries=1)
def check_campaign(*, campaign_id: int) -> dict[str, Any]:
    """Count a large audience, then freeze the messages. A campaign that is no draft any more is left alone."""
    from marketing.campaigns import checking

    return checking.run(campaign_id)


@job(kind="marketing.effects", queue="light", title=_("What campaigns brought"))
def count_effects() -> dict[str, Any]:
    """Campaigns by segment, then those of a year together. Safe to run twice and to be cut off."""
    from marketing.effects import counting

    return counting.count_all()


@job(kind="marketing.effect", queue="light", title=_("What a campaign brought, by segment"))
def count_effect(*, campaign_id: int) -> dict[str, Any]:
    """One campaign by segment, now. Safe to run twice."""
    from marketing.effects import counting
    from marketing.models import Campaign

    look = counting.count(Campaign.objects.select_related("experiment").get(pk=campaign_id))
    return {"counted": look is not None}


@job(kind="marketing.funnel", queue="light", title=_("How far the messages of a campaign came"))
def count_funnel(*, campaign_id: int) -> dict[str, Any]:
    """Of a large campaign, for its page. Safe to run twice."""
    from marketing.campaigns import funnels

    return {"messages": funnels.count(campaign_id).messages}


@job(kind="marketing.keep", queue="light", title=_("Campaigns that are over"))
def keep_campaigns() -> dict[str, Any]:
    """Ends campaigns of which nobody waits any more, and asks for batches that may go. Safe to run at any time."""
    from marketing.campaigns import lifecycle
    from marketing.shifting import deciding

    return {"ended": lifecycle.finish_all(), "batches": deciding.ask()}


@job(kind="marketing.shift", queue="light", title=_("Versions for the next batch"), retries=3)
def let_batch_go(*, campaign_id: int) -> dict[str, Any]:
    """Chooses the versions of the next batch of a campaign by what the batches before brought. Goes on by the same
    choice where it was cut off."""
    from marketing.shifting import deciding

    return deciding.run(campaign_id)


@job(kind="marketing.coupons.back", queue="light", title=_("Codes of a cancelled order"))
def give_back_coupons(*, order_id: int) -> dict[str, Any]:
    """Codes of a cancelled order can be used again. Safe to run twice."""
    from marketing.offers import keeping

    return {"codes": keeping.give_back(order_id)}


@job(kind="marketing.offers.keep", queue="light", title=_("Codes that ran out"))
def keep_offers() -> dict[str, Any]:
    """Budgets no longer hold money for codes that ran out. Safe to run at any time."""
    from marketing.offers import keeping

    return {"offers": keeping.release()}


@job(kind="marketing.occasions", queue="light", title=_("Look for occasions"))
def find_occasions() -> dict[str, Any]:
    """Carts left behind, lower prices, goods that are back: messages for what happened since the last look, and for
    those who asked to be told of stock."""
    from marketing.triggers import enrolling, requests

    return {**enrolling.run_all(), **requests.tell()}
