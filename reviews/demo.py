"""What other customers of the demo shop think of its reviews: votes, and complaints for staff to look at."""

import random
from datetime import timedelta

from django.db import transaction

from catalog.models import Customer
from core.models import ShopProfile
from reviews.models import Review, ReviewReport, ReviewVote
from reviews.services.voices import recount

VOTES = (0, 0, 0, 0, 1, 1, 2, 3, 5)
"""How many find a review helpful, each as likely; longer ones find one or two more."""
LONG = 60
SETTLED = timedelta(days=8)
"""Newer reviews have no votes yet: those who find and praise a product in a hurry stay as they came."""
COMPLAINTS = (
    (("客服", "service", "reply"), "off_topic", "It says nothing of the product."),
    (("中转站", "depot", "Shipping"), "off_topic", ""),
    (("！", "Five stars"), "not_genuine", "Sounds like an advertisement."),
)
"""Words of a review, why somebody complains about it, and with which words."""


@transaction.atomic
def first() -> None:
    """Votes and complaints where a demo shop has just been made; the same reviews have the same. Shops of one's own
    begin without. Running it again changes nothing."""
    if not ShopProfile.objects.filter(pk=1, is_demo=True).exists():
        return
    if ReviewVote.objects.exists() or ReviewReport.objects.exists():
        return
    people = list(Customer.objects.order_by("pk").values_list("pk", flat=True))
    reviews = list(Review.objects.published().order_by("written_at", "pk").only("pk", "text", "customer", "written_at"))
    if not reviews or len(people) < 2 * max(VOTES):
        return
    chance = random.Random("votes of the demo shop")  # noqa: S311
    until = reviews[-1].written_at - SETTLED
    votes = []
    for review in reviews:
        wanted = chance.choice(VOTES) + (len(review.text) > LONG)
        voters = [pk for pk in chance.sample(people, wanted + 1) if pk != review.customer_id][:wanted]
        if review.written_at < until:
            votes += [ReviewVote(review=review, customer_id=pk) for pk in voters]
    ReviewVote.objects.bulk_create(votes)
    reports = list(_complaints(reviews, people, chance))
    ReviewReport.objects.bulk_create(reports)
    told = {row.review_id for row in (*votes, *reports)}
    recount(Review.objects.filter(pk__in=told))


def _complaints(reviews: list[Review], people: list[int], chance: random.Random) -> list[ReviewReport]:
    """One about the newest published review that has the words, each about another."""
    found: dict[int, ReviewReport] = {}
    for words, reason, note in COMPLAINTS:
        for review in reversed(reviews):
            if review.pk not in found and any(word in review.text for word in words):
                who = next(pk for pk in chance.sample(people, 2) if pk != review.customer_id)
                found[review.pk] = ReviewReport(review=review, customer_id=who, reason=reason, note=note)
                break
    return list(found.values())
