"""What the programme does when something happens in the shop: ask for a job.

No key makes one of two: a job that is at work may have read the order before its refund.
"""

from typing import Any

from core.jobs import enqueue
from crm.models import DeskSettings, EarnRule, LoyaltyAccount, LoyaltyProgramme


def _is_used() -> bool:
    """Shops without a programme pay nothing for it."""
    return LoyaltyProgramme.objects.filter(is_on=True).exists() or LoyaltyAccount.objects.exists()


def order_changed(order_id: int, **kwargs: Any) -> None:
    if _is_used():
        enqueue("crm.tasks.settle_order", order_id=order_id)


def customer_joined(customer_id: int, **kwargs: Any) -> None:
    trigger = EarnRule.Trigger.SIGN_UP
    if EarnRule.objects.filter(trigger=trigger, is_on=True).exists():
        enqueue("crm.tasks.give_bonus", trigger=trigger.value, customer_id=customer_id, event_id=customer_id)


def review_published(review_id: int, **kwargs: Any) -> None:
    if EarnRule.objects.filter(trigger=EarnRule.Trigger.REVIEW, is_on=True).exists():
        enqueue("crm.tasks.give_review_bonus", review_id=review_id)


def follow_up_wanted(review_id: int, **kwargs: Any) -> None:
    """Not as soon as a review reads negative: that would be help for the control group of the follow-up, too."""
    if DeskSettings.objects.filter(tickets_from_reviews=True).exists():
        enqueue("crm.tasks.open_ticket_for_review", dedupe_key=f"crm.desk.review.{review_id}", review_id=review_id)
