"""Mail that the product sends: what went, what waits, what is kept here."""

import re
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter
from unfold.decorators import display

from core import mail as services
from core import roles
from core.admin.base import LedgerAdmin
from core.components import Meaning, ago, pill, toast
from core.components.pills import SHAPES
from core.extensions import mail_kinds
from core.mail import reading
from core.models import OutgoingMail

State = OutgoingMail.State
TAG = re.compile(r"<[a-zA-Z][^<>]*>")
LOADS = re.compile(r"(?i)(?<=\s)(?=(?:src|srcset|background|poster)\s*=(?!\s*[\"']?data:))")
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'"
MEANINGS = {
    State.WAITING: Meaning.MOVING,
    State.SENDING: Meaning.MOVING,
    State.SENT: Meaning.GOOD,
    State.KEPT: Meaning.IDLE,
    State.UNCERTAIN: Meaning.WAITING,
    State.FAILED: Meaning.STOPPED,
}
KINDS = {
    "alert": gettext_lazy("Alert"),
    "invitation": gettext_lazy("Invitation"),
    "password_reset": gettext_lazy("New password"),
    "password_changed": gettext_lazy("Password changed"),
    "address_changed": gettext_lazy("Address changed"),
}
"""Words for kinds; one that is not here is shown as it is."""


def _kinds() -> dict[str, Any]:
    """These and what other apps write."""
    return KINDS | {entry.key: entry.resolve() for entry in mail_kinds}


def may_see_secret(request: HttpRequest, mail: OutgoingMail) -> bool:
    """The link in it opens an account: only those who may manage that account see it, and only while it has not left
    this machine for certain."""
    person: Any = request.user
    if not mail.secret or mail.account is None or mail.state not in OutgoingMail.RESENDABLE:
        return False
    is_manager = person.has_perm("core.change_staffuser") and person.has_perm("core.manage_roles")
    return is_manager and not roles.outranks(mail.account, person)


def state_pill(mail: OutgoingMail) -> SafeString:
    return pill(MEANINGS[State(mail.state)], mail.get_state_display())


class KindFilter(DropdownFilter):
    """The kinds there are; those of mails would have to be looked for in every row."""

    title = gettext_lazy("kind")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return list(_kinds().items())

    def queryset(self, request: HttpRequest, queryset: QuerySet[OutgoingMail]) -> QuerySet[OutgoingMail]:
        return queryset.filter(kind=self.value()) if self.value() else queryset


@admin.register(OutgoingMail)
class OutgoingMailAdmin(LedgerAdmin):
    list_display = ("subject", "to_cell", "state_cell", "kind_name", "age")
    list_filter = (("state", ChoicesDropdownFilter), KindFilter)
    # Not the text: whoever may search it could guess a link letter by letter.
    search_fields = ("subject", "to")
    search_help_text = gettext_lazy("Search subject or address")
    compact_columns = ("state_cell", "to_cell", "age")
    sortable_by = ("state_cell", "age")
    actions = ()
    empty_title = gettext_lazy("No mail yet")
    empty_text = gettext_lazy(
        "Invitations, links for new passwords and alerts are listed here with what became of them."
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        return self._seen(request).defer("text", "html", "headers", "secret", "history")

    def _seen(self, request: HttpRequest) -> QuerySet[OutgoingMail]:
        mails: QuerySet[OutgoingMail] = super().get_queryset(request)
        if reading.sees_all(request.user):
            return mails
        return mails.filter(kind__in=reading.kinds_seen(request.user), secret="", account=None)

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        return ("subject", "to") if reading.sees_all(request.user) else ("subject",)

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        found = super().get_changelist_instance(request)
        if not reading.sees_all(request.user):
            for mail in found.result_list:
                mail.to = reading.masked(mail.to)
        return found

    @display(description=gettext_lazy("To"))
    def to_cell(self, mail: OutgoingMail) -> str:
        return mail.to or "–"

    def has_view_permission(self, request: HttpRequest, obj: OutgoingMail | None = None) -> bool:
        return reading.sees_mail(request.user)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return reading.sees_mail(request.user)

    @display(description=gettext_lazy("State"), ordering="state")
    def state_cell(self, mail: OutgoingMail) -> SafeString:
        return state_pill(mail)

    @display(description=gettext_lazy("Kind"), ordering="kind")
    def kind_name(self, mail: OutgoingMail) -> str:
        return str(_kinds().get(mail.kind, mail.kind))

    @display(description=gettext_lazy("Written"), ordering="id")
    def age(self, mail: OutgoingMail) -> SafeString | str:
        return ago(mail.created_at)

    def get_urls(self) -> list[URLPattern]:
        again = self.admin_site.admin_view(require_POST(self.again_view))
        return [path("<int:pk>/again/", again, name="core_outgoingmail_again"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        mail = self._visible(request, object_id)
        is_open = may_see_secret(request, mail)
        context = {
            **self.admin_site.each_context(request),
            "title": mail.subject,
            "opts": self.opts,
            "head_pill": state_pill(mail),
            "mail": mail,
            "kind": _kinds().get(mail.kind, mail.kind),
            "text": mail.text if is_open or not mail.secret else mail.text.replace(mail.secret, "…"),
            "html": framed(mail.html) if mail.html and not mail.secret else "",
            "headers": sorted(mail.headers.items()),
            "is_hidden": bool(mail.secret) and not is_open,
            "ways_hidden": not reading.sees_all(request.user),
            "link": mail.secret if is_open else "",
            "events": _events(mail),
            "can_send": self._may_send(request) and mail.state in OutgoingMail.RESENDABLE and bool(mail.text),
            "is_kept_here": services.is_kept_here(),
            "job": mail.job if request.user.has_perm("core.view_job") else None,
        }
        return TemplateResponse(request, "admin/core/mail.html", context)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return super().history_view(request, object_id, extra_context)

    def again_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self._may_send(request):
            raise PermissionDenied
        mail = self._visible(request, pk)
        if services.send_again(mail):
            toast(request, _("Mail queued again"))
        return HttpResponseRedirect(reverse("admin:core_outgoingmail_change", args=[mail.pk]))

    @staticmethod
    def _may_send(request: HttpRequest) -> bool:
        return bool(request.user.has_perm("core.change_outgoingmail"))

    def _visible(self, request: HttpRequest, pk: Any) -> OutgoingMail:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if not str(pk).isdecimal() or len(str(pk)) > 18:
            raise Http404
        mail = get_object_or_404(self._seen(request).select_related("account", "job"), pk=int(pk))
        return mail if reading.sees_all(request.user) else reading.hidden(mail)


def framed(html: str) -> str:
    """An HTML part for a frame without rights (`sandbox`): its styles count, and nothing is loaded, not even a picture
    of this machine, so that looking at a message tells nobody that it was read. Addresses of pictures stand aside:
    a browser calls each one that it is not allowed to load an error."""
    quiet = TAG.sub(lambda tag: LOADS.sub("data-", tag[0]), html)
    return f'<meta http-equiv="Content-Security-Policy" content="{FRAMED}">{quiet}'


def _events(mail: OutgoingMail) -> list[tuple[str, str, str, Any]]:
    """The life of a mail: shape, words, the server's words, moment."""
    words = {
        State.WAITING: _("Waits for the mail server"),
        State.SENDING: _("The mail server is asked to take it"),
        State.SENT: _("The mail server has it"),
        State.KEPT: _("Kept here: no mail server is named"),
        State.UNCERTAIN: _("Perhaps sent: the answer of the mail server never came"),
        State.FAILED: _("Not sent"),
    }
    found = []
    for line in mail.history:
        state = State(line["state"])
        moment = parse_datetime(line["at"])
        found.append((SHAPES[MEANINGS[state]], words[state], _(line["reason"]) if line["reason"] else "", ago(moment)))
    return found
