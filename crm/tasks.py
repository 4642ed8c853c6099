"""Jobs of the loyalty programme. Each brings rows into the state that the facts ask for, so that twice does no harm."""

from typing import Any

from django.utils.translation import gettext_lazy as _

from core.jobs import BROKE, job


@job(kind="crm.order", queue="light", title=_("Points of an order"), retries=5)
def settle_order(*, order_id: int) -> dict[str, Any]:
    """Earn, take back or note the delivery: whatever the order's state asks for. Safe to run twice and late."""
    from crm import services

    moved = services.settle_order(order_id)
    return {"moved": moved, "codes": services.void_codes_of_order(order_id)}


@job(kind="crm.bonus", queue="light", title=_("Points for a customer"), retries=5)
def give_bonus(*, trigger: str, customer_id: int, event_id: int) -> dict[str, Any]:
    """Points for a new customer or a review; the event counts once."""
    from crm import services

    return {"points": services.give_bonus(trigger=trigger, customer_id=customer_id, event=str(event_id))}


@job(kind="crm.review", queue="light", title=_("Points for a review"), retries=5)
def give_review_bonus(*, review_id: int) -> dict[str, Any]:
    """Points for whoever wrote a review that everybody can read now; each review once."""
    from crm import services
    from crm.models import EarnRule
    from reviews.models import Review

    writer = Review.objects.published().filter(pk=review_id).values_list("customer_id", flat=True).first()
    if writer is None:
        return {"points": 0}
    trigger = EarnRule.Trigger.REVIEW
    return {"points": services.give_bonus(trigger=trigger, customer_id=writer, event=str(review_id))}


@job(kind="crm.due", queue="light", title=_("Points that are due"))
def move_due_points() -> dict[str, Any]:
    """Points become final or expire, codes end. Safe to run at any time."""
    from core.jobs.running import progress
    from crm import services

    return services.move_due(progress=progress)


@job(kind="crm.day", queue="light", title=_("Birthday points and levels"))
def start_loyalty_day() -> dict[str, Any]:
    """Birthdays count once a year. Safe to run twice."""
    from crm import services

    return services.start_day()


@job(kind="crm.chats", queue="light", title=_("Chats that wait or were left"))
def look_after_chats() -> dict[str, Any]:
    """A person for whoever got no answer; chats that their customers left are counted as such. Safe to run twice."""
    from crm.assistant import orders, silence

    return {
        "handed_over": silence.hand_over_unanswered(),
        "abandoned": silence.note_abandoned(),
        "tries_forgotten": orders.forget_old(),
    }


@job(kind="crm.proposals", queue="light", title=_("Articles that could be written"))
def propose_articles() -> dict[str, Any]:
    """Questions that only people could answer, grouped anew. Safe to run twice."""
    from crm.assistant import proposing

    return {"proposals": proposing.propose()}


@job(kind="crm.recount", queue="light", title=_("Recount of points"))
def recount_points() -> dict[str, Any]:
    """All entries against all balances; a difference raises an alert. Changes nothing."""
    from crm import services

    check = services.recount()
    return {"accounts": check.accounts, "entries": check.entries, "differences": len(check.differences)}


@job(kind="crm.count_past", queue="bulk", title=_("Count points for past orders"))
def count_past(*, grant_id: int) -> dict[str, Any]:
    """A preview; nothing is granted."""
    from core.jobs.running import progress
    from crm import services

    return {"points": services.count_past(grant_id, progress=progress).points}


@job(kind="crm.grant_past", queue="bulk", title=_("Grant points for past orders"))
def grant_past(*, grant_id: int) -> dict[str, Any]:
    """Each order once; a run that was stopped goes on where it was."""
    from core.jobs.running import progress
    from crm import services

    return {"orders": services.run_past(grant_id, progress=progress).orders}


@job(kind="crm.duplicates", queue="bulk", title=_("Look for customers that stand twice"), if_broken=BROKE)
def find_duplicates() -> dict[str, Any]:
    """Pairs that may be one person; decisions stay. Safe to run twice."""
    from crm.people import duplicates

    return {"pairs": duplicates.find()}


# --- care -------------------------------------------------------------------------------------------------------------


@job(kind="crm.care", queue="light", title=_("Care programmes"))
def start_care() -> dict[str, Any]:
    """Ask for a run of every programme that is on. Safe to run at any time."""
    from core.jobs import enqueue
    from crm.care.programmes import RUN
    from crm.models import CareProgramme

    running = list(CareProgramme.objects.running().values_list("pk", flat=True))
    for pk in running:
        enqueue(RUN, dedupe_key=f"crm.care.{pk}", programme_id=pk)
    return {"programmes": len(running)}


@job(kind="crm.care.run", queue="light", title=_("Run of a care programme"), retries=3)
def run_care_programme(*, programme_id: int) -> dict[str, Any]:
    """Each customer once for each occasion; a run that was stopped goes on where it was."""
    from core.jobs.running import progress
    from crm.care import running

    return running.run(programme_id, progress=progress)


# --- service strategies -----------------------------------------------------------------------------------------------


@job(kind="crm.service_groups", queue="bulk", title=_("Groups of customers by how they were served"), if_broken=BROKE)
def find_service_groups() -> dict[str, Any]:
    """A run with its evidence; decisions stay. Safe to run twice."""
    from crm.strategy import finding

    return finding.find()


@job(kind="crm.service.enrol", queue="light", title=_("Care by a service strategy"), retries=3)
def enrol_for_strategy(*, strategy_id: int) -> dict[str, Any]:
    """Each customer once; a run that was stopped goes on where it was."""
    from core.jobs.running import progress
    from crm.strategy import enrolling

    return enrolling.enrol(strategy_id, progress=progress)


@job(kind="crm.service.back", queue="light", title=_("Tickets without a withdrawn service strategy"), retries=3)
def take_strategy_back(*, strategy_id: int) -> dict[str, Any]:
    """Unfinished tickets only. Safe to run twice."""
    from crm.models import ServiceStrategy
    from crm.strategy import applying

    return {"tickets": applying.take_back(ServiceStrategy(pk=strategy_id))}


# --- the inbox -------------------------------------------------------------------------------------------------------


@job(kind="crm.desk.close", queue="light", title=_("Close tickets resolved long ago"))
def close_resolved_tickets() -> dict[str, Any]:
    """Safe to run at any time."""
    from core.jobs.running import progress
    from crm.services.desk_upkeep import close_resolved

    return {"closed": close_resolved(progress=progress)}


@job(kind="crm.desk.ratings", queue="light", title=_("Ask how questions were answered"))
def ask_for_ratings() -> dict[str, Any]:
    """Each conversation once. Safe to run at any time and twice at once."""
    from core.jobs.running import progress
    from crm.services.asking import ask_for_ratings as work

    return {"asked": work(progress=progress)}


@job(kind="crm.desk.clocks", queue="light", title=_("Set clocks of tickets anew"))
def set_clocks_anew() -> dict[str, Any]:
    """After a response target or the opening hours changed. Safe to run twice."""
    from core.jobs.running import progress
    from crm.services.desk_upkeep import set_clocks_anew as work

    return {"moved": work(progress=progress)}


@job(kind="crm.desk.review", queue="light", title=_("Ticket for a bad review"), retries=3)
def open_ticket_for_review(*, review_id: int) -> dict[str, Any]:
    """Each review once."""
    from crm.services.desk_upkeep import open_for_review

    ticket = open_for_review(review_id)
    return {"ticket": ticket.pk if ticket is not None else 0}


@job(kind="crm.desk.mail", queue="light", title=_("Fetch mail for the inbox"))
def fetch_mail() -> dict[str, Any]:
    """Unread mails of the mailbox become messages. A mail that was taken before is not taken again."""
    from core.jobs.running import progress
    from crm.services.desk_imap import fetch

    return fetch(progress=progress)
