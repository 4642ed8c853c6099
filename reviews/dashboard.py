"""What waits for whoever may publish and reject, and for whoever follows up unhappy customers, on the staff home."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import Meaning
from core.dashboard import Card, WorkItem
from core.paginator import bounded_counts
from reviews.models import FollowUp, Review
from reviews.roles import FOLLOW_UP, MODERATE


def card(request: HttpRequest) -> Card | None:
    """One query, of indexes that hold nothing but what waits. Nobody unhappy is nothing to say."""
    may_moderate, may_follow = request.user.has_perm(MODERATE), request.user.has_perm(FOLLOW_UP)
    if not may_moderate and not may_follow:
        return None
    waiting, unhappy = bounded_counts(
        [
            Review.objects.waiting() if may_moderate else Review.objects.none(),
            FollowUp.objects.open() if may_follow else FollowUp.objects.none(),
        ]
    )
    work = []
    if may_moderate:
        label = ngettext("review to check", "reviews to check", waiting.number)
        url = reverse("admin:reviews_queue")
        work.append(WorkItem(label, waiting.number, url, Meaning.WAITING, _("complaints first")))
    if unhappy.number:
        label = ngettext("customer to follow up", "customers to follow up", unhappy.number)
        url = f"{reverse('admin:reviews_followup_changelist')}?view=open"
        work.append(WorkItem(label, unhappy.number, url, Meaning.WAITING, _("after a negative review")))
    return Card(work=work) if work else None
