"""Notes, tags and custom fields on the page of a customer, and the list of fields."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import DropdownFilter

from catalog.admin.notices import acting
from catalog.models import Customer
from core.admin.base import StaffModelAdmin
from core.components import Meaning, pill, toast
from core.exceptions import DomainError
from core.panels import Panel
from crm.models import CustomerNote, CustomerTag, CustomerTagging, CustomField, CustomFieldValue
from crm.people import notes
from crm.roles import NOTES

SHOWN = 8
LONGEST_PK = 19


def notes_of_customer(request: HttpRequest, customer: Customer) -> Panel:
    """Tags, what the shop asks for, and what staff wrote down. Four queries."""
    fields = list(CustomField.objects.filter(is_on=True))
    values = dict(CustomFieldValue.objects.filter(customer=customer).values_list("field_id", "value"))
    rows = CustomerNote.objects.filter(customer=customer, removed_at=None).select_related("created_by")
    found = list(rows.order_by("-is_pinned", "-created_at", "-id")[: SHOWN + 1])
    tags = CustomerTagging.objects.filter(customer=customer).order_by("tag__name").values_list("tag__name", flat=True)
    return Panel(
        title=_("Notes, tags and fields"),
        template="admin/crm/panels/notes.html",
        context={
            "tags": list(tags),
            "fields": [(field, values.get(field.pk, "")) for field in fields],
            "notes": found[:SHOWN],
            "has_more": len(found) > SHOWN,
            "may_write": request.user.has_perm(NOTES),
            "act_url": reverse("admin:crm_customer_acts"),
        },
    )


@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """One act about one customer: `customer` and `act` ("note", "remove", "bring_back", "tag", "untag", "fields")."""
    if not request.user.has_perm(NOTES) or not request.user.has_perm("catalog.view_customer"):
        raise PermissionDenied
    number = request.POST.get("customer", "")
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < LONGEST_PK else 0
    customer = get_object_or_404(Customer.objects.existing(), pk=known)
    doing = ACTS.get(request.POST.get("act", ""))
    try:
        if doing is not None:
            doing(request, customer)
    except DomainError as error:
        admin.site.get_model_admin(Customer).refuse(request, error)  # type: ignore[attr-defined]
    return HttpResponseRedirect(reverse("admin:catalog_customer_change", args=[customer.pk]))


def _add_note(request: HttpRequest, customer: Customer) -> None:
    notes.add_note(
        customer, request.POST.get("text", ""), is_pinned=bool(request.POST.get("pinned")), by=acting(request)
    )  # fmt: skip
    toast(request, _("Note added"))


def _remove_note(request: HttpRequest, customer: Customer) -> None:
    note = notes.remove_note(_note(request, customer))
    undo = {"act": "bring_back", "customer": customer.pk, "note": note.pk}
    toast(request, _("Note removed"), undo=request.path, **undo)


def _bring_back(request: HttpRequest, customer: Customer) -> None:
    notes.remove_note(_note(request, customer), back=True)
    toast(request, _("Note is back"))


def _note(request: HttpRequest, customer: Customer) -> int:
    number = request.POST.get("note", "")
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < LONGEST_PK else 0
    return CustomerNote.objects.filter(customer=customer, pk=known).values_list("pk", flat=True).first() or 0


def _tag(request: HttpRequest, customer: Customer) -> None:
    notes.tag(customer, request.POST.get("tag", ""), by=acting(request))
    toast(request, _("Tag added"))


def _untag(request: HttpRequest, customer: Customer) -> None:
    name = request.POST.get("tag", "")
    if notes.untag(customer, name):
        toast(request, _("Tag removed"), undo=request.path, act="tag", customer=customer.pk, tag=name)


def _fields(request: HttpRequest, customer: Customer) -> None:
    sent = {name.removeprefix("field-"): text for name, text in request.POST.items() if name.startswith("field-")}
    before = notes.set_fields(customer, {key: str(text) for key, text in sent.items()})
    if before:
        undo = {f"field-{key}": value for key, value in before.items()}
        toast(request, _("Fields saved"), undo=request.path, act="fields", customer=customer.pk, **undo)


ACTS: dict[str, Callable[[HttpRequest, Customer], None]] = {
    "note": _add_note, "remove": _remove_note, "bring_back": _bring_back, "tag": _tag, "untag": _untag,
    "fields": _fields,
}  # fmt: skip


class TagFilter(DropdownFilter):
    """Customers with a tag."""

    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return CustomerTag.listed()

    def has_output(self) -> bool:
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Customer]) -> QuerySet[Customer]:
        value = self.value()
        if not value:
            return queryset
        if not (value.isascii() and value.isdecimal() and len(value) < LONGEST_PK):
            return queryset.none()
        return queryset.filter(pk__in=CustomerTagging.objects.filter(tag=int(value)).values("customer"))


@admin.register(CustomField)
class CustomFieldAdmin(StaffModelAdmin):
    """What this shop asks about its customers."""

    list_display = ("title_cell", "kind", "key", "state_cell")
    fields = (("title_en", "title_zh"), ("key", "kind"), "choices", ("position", "is_on"))
    ordering = ("position", "id")
    actions = ()
    empty_title = gettext_lazy("No custom fields yet")
    empty_text = gettext_lazy("A field stands on the page of every customer: a size, a sales contact, a contract day.")
    empty_action = (gettext_lazy("Add custom field"), "admin:crm_customfield_add")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Values that are stored follow the kind, programs the key."""
        return ("key", "kind") if obj is not None else ()

    @admin.display(description=gettext_lazy("Title"))
    def title_cell(self, row: CustomField) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("State"))
    def state_cell(self, row: CustomField) -> Any:
        return pill(Meaning.GOOD, _("In use")) if row.is_on else pill(Meaning.IDLE, _("Off"))
