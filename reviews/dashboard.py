"""What waits for whoever may publish and reject, on the staff home."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import Meaning
from core.dashboard import Card, WorkItem
from reviews import selectors
from reviews.roles import MODERATE


def card(request: HttpRequest) -> Card | None:
    """One query, of an index that holds nothing but what waits."""
    if not request.user.has_perm(MODERATE):
        return None
    count = selectors.waiting_count()
    label = ngettext("review to check", "reviews to check", count)
    hint = _("complaints first")
    return Card(work=[WorkItem(label, count, reverse("admin:reviews_queue"), Meaning.WAITING, hint)])
