"""What waits in the inbox, on the staff home of whoever answers customers."""

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from catalog.admin.notices import acting
from core.components import Meaning
from core.dashboard import Card, WorkItem
from core.paginator import bounded_counts
from crm import selectors_desk as reads
from crm.roles import INBOX


def card(request: HttpRequest) -> Card | None:
    """One query. Each number leads to the tab of the inbox that holds as many."""
    if not request.user.has_perm(INBOX):
        return None
    views = ("mine", "unassigned", "mentions")
    now = timezone.now()
    person = acting(request)
    mine, nobodys, named = (one.number for one in bounded_counts([reads.in_view(one, person, now) for one in views]))
    items = (
        (mine, ngettext("ticket of yours to answer", "tickets of yours to answer", mine), _("due first")),
        (nobodys, ngettext("ticket that nobody has", "tickets that nobody has", nobodys), _("take one, or hand it on")),
        (named, ngettext("open ticket with a note for you", "open tickets with a note for you", named), _("mentions")),
    )
    inbox = reverse("admin:crm_inbox")
    return Card(
        work=[
            WorkItem(label, count, f"{inbox}?view={view}", Meaning.WAITING, hint)
            for view, (count, label, hint) in zip(views, items, strict=True)
        ]
    )
