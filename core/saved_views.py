"""Saved views of lists: keeping them, opening them, counting what they hold."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.db.models import CharField, Exists, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Cast
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _

from core.choices import Role
from core.exceptions import BadInput, DomainError
from core.models import DefaultView, SavedView, StaffUser
from core.paginator import RowCount, bounded_counts

SAVED, COLUMNS, EVERYBODY = "saved", "cols", "*"
OWN = (SAVED, COLUMNS)
"""Parameters of an address that are ours and no filter's."""
MOST_VIEWS, COUNTED_SECONDS = 30, 60
LONGEST_VALUE = 300
ROLE = CharField(max_length=20)


class ViewRefused(DomainError):
    """Somebody else's view, or a name that is taken."""

    code = "view_refused"


def visible(person: StaffUser, source: str) -> QuerySet[SavedView]:
    """Their own and those shared with one of their roles; `is_default` says which one the list opens with."""
    roles = ArraySubquery(Group.objects.filter(user=person).annotate(role=Cast("name", ROLE)).values("role"))
    shared = Q(roles__overlap=roles) | Q(roles__contains=[EVERYBODY])
    default = DefaultView.objects.filter(person=person, source=source, view=OuterRef("pk"))
    rows = SavedView.objects.filter(Q(owner=person) | shared, source=source)
    return rows.annotate(is_default=Exists(default)).order_by("position", "id")[:MOST_VIEWS]


def visible_on(request: Any, source: str) -> list[SavedView]:
    """The same, read once per request."""
    known = request.__dict__.setdefault("_saved_views", {})
    if source not in known:
        known[source] = list(visible(request.user, source))
    return list(known[source])


# --- what is kept -------------------------------------------------------------------------------------------------


def state_of(changelist: Any, params: QueryDict) -> dict[str, Any]:
    """Filters, order and columns of a list as it is shown, without anything that the list does not know."""
    known = {name for spec in changelist.filter_specs for name in spec.expected_parameters()}
    filters = {
        name: [value for value in params.getlist(name) if value and len(value) <= LONGEST_VALUE]
        for name in [*sorted(known), SEARCH_VAR]
        if name in params
    }
    state: dict[str, Any] = {"filters": {name: values for name, values in filters.items() if values}}
    if order := _order_names(changelist, params.get(ORDER_VAR, "")):
        state["order"] = order
    if params.get(COLUMNS):
        state["columns"] = [str(name) for name in changelist.list_display if str(name) != "action_checkbox"]
    return state


def columns_of(model_admin: Any, person: StaffUser) -> list[str]:
    """All columns that the list can show this person, with the one of the tick boxes."""
    plain = HttpRequest()
    plain.method, plain.user = "GET", person
    checks = ["action_checkbox"] if model_admin.get_actions(plain) else []
    return [*checks, *map(str, every_column(model_admin, plain, plain))]


def every_column(model_admin: Any, plain: HttpRequest, request: HttpRequest) -> list[Any]:
    """The columns of a list for the person's request without its address, and those that are there for the asking."""
    more = getattr(model_admin, "more_columns", None)
    return [*model_admin.get_list_display(plain), *(more(request) if more is not None else ())]


def address_of(view: SavedView, list_display: Sequence[str]) -> str:
    """The query string that opens this view for somebody whose list has these columns (see `columns_of`)."""
    params = QueryDict(mutable=True)
    params[SAVED] = str(view.pk)
    for name, values in view.query.get("filters", {}).items():
        params.setlist(name, values)
    shown = list(list_display)
    columns = [name for name in view.query.get("columns", []) if name in shown]
    if columns:
        params[COLUMNS] = ",".join(columns)
        checks = ["action_checkbox"] if "action_checkbox" in shown else []
        shown = [*checks, *columns]
    order = []
    for one in view.query.get("order", []):
        name = one.removeprefix("-")
        if name in shown:
            order.append(f"{'-' if one.startswith('-') else ''}{shown.index(name)}")
    if order:
        params[ORDER_VAR] = ".".join(order)
    return params.urlencode()


def is_changed(view: SavedView, changelist: Any, params: QueryDict) -> bool:
    """Whether the list shows something else than its view says."""
    return state_of(changelist, params) != view.query


def _order_names(changelist: Any, text: str) -> list[str]:
    found = []
    for part in text.split("."):
        sign, number = ("-", part[1:]) if part.startswith("-") else ("", part)
        if number.isdecimal() and int(number) < len(changelist.list_display):
            found.append(f"{sign}{changelist.list_display[int(number)]}")
    return found


# --- acts ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def save(*, person: StaffUser, source: str, name: str, state: dict[str, Any], roles: Iterable[str] = ()) -> SavedView:
    """A new view at the end of the tabs. Raises BadInput, ViewRefused."""
    mine = SavedView.objects.filter(owner=person, source=source)
    if mine.count() >= MOST_VIEWS:
        raise ViewRefused(_("There are %(count)d views already. Delete one first.") % {"count": MOST_VIEWS})
    last = SavedView.objects.filter(source=source).aggregate(last=Max("position"))["last"]
    view = SavedView(
        source=source, name=_name(name), owner=person, query=state, roles=allowed_roles(person, roles),
        position=(last or 0) + 1,
    )  # fmt: skip
    return _write(view)


def change(*, person: StaffUser, view: SavedView, **columns: Any) -> SavedView:
    """Name, state or roles of one's own view. Raises BadInput, ViewRefused."""
    _own(person, view)
    if "name" in columns:
        view.name = _name(columns["name"])
    if "state" in columns:
        view.query = columns["state"]
        cache.delete(_count_key(person, view))
    if "roles" in columns:
        view.roles = allowed_roles(person, columns["roles"])
    return _write(view)


def delete(*, person: StaffUser, view: SavedView) -> None:
    _own(person, view)
    view.delete()


@transaction.atomic
def move(*, person: StaffUser, view: SavedView, to_left: bool) -> None:
    """One place to the left or right among the tabs that this person sees."""
    _own(person, view)
    tabs = list(visible(person, view.source))
    place = next((i for i, one in enumerate(tabs) if one.pk == view.pk), None)
    other = None if place is None else place + (-1 if to_left else 1)
    if place is None or other is None or not 0 <= other < len(tabs):
        return
    tabs.insert(other, tabs.pop(place))
    for position, one in enumerate(tabs, 1):
        SavedView.objects.filter(pk=one.pk).exclude(position=position).update(position=position)


def set_default(*, person: StaffUser, view: SavedView, is_default: bool) -> None:
    """Open the list with this view, or with all rows again."""
    if is_default:
        DefaultView.objects.update_or_create(person=person, source=view.source, defaults={"view": view})
    else:
        DefaultView.objects.filter(person=person, source=view.source, view=view).delete()


def allowed_roles(person: StaffUser, roles: Iterable[str]) -> list[str]:
    """Who a view may be shared with: one's own roles; all others, and everybody, for those who manage roles."""
    own, wanted = set(person.groups.values_list("name", flat=True)), set(roles)
    known = {role.value for role in Role} | {EVERYBODY} if person.has_perm("core.manage_roles") else own
    return sorted(wanted & known)


def _own(person: StaffUser, view: SavedView) -> None:
    if view.owner_id != person.pk:
        raise ViewRefused(_("Only its owner can change this view. Save it under another name."))


def _name(text: str) -> str:
    name = " ".join(text.split())[:60]
    if not name:
        raise BadInput(_("Give the view a name."), extra={"field": "name"})
    return name


def _write(view: SavedView) -> SavedView:
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise ViewRefused(_("You have a view with this name already.")) from error
    return view


# --- counting -----------------------------------------------------------------------------------------------------


def known_counts(person: StaffUser, views: Iterable[SavedView]) -> dict[int, RowCount]:
    """Counts of less than a minute ago. Asks the database nothing."""
    keys = {_count_key(person, view): view.pk for view in views}
    return {keys[key]: RowCount(*count) for key, count in cache.get_many(list(keys)).items()}


def count(model_admin: Any, request: HttpRequest, views: Sequence[SavedView]) -> dict[int, RowCount]:
    """How many rows each view holds for this person: one query for all, beside what the filters ask themselves."""
    person: StaffUser = request.user  # type: ignore[assignment]
    queries, found, columns = [], [], columns_of(model_admin, person)
    for view in views:
        asked = HttpRequest()
        asked.method, asked.user, asked.counts_only = "GET", person, True  # type: ignore[attr-defined]
        asked.GET = QueryDict(address_of(view, columns))
        try:
            queries.append(model_admin.get_changelist_instance(asked).queryset)
        except Exception:  # noqa: S112 a filter that is gone: the tab stays without a number
            continue
        found.append(view)
    counts = dict(zip((view.pk for view in found), bounded_counts(queries), strict=True))
    cache.set_many({_count_key(person, view): tuple(counts[view.pk]) for view in found}, COUNTED_SECONDS)
    return counts


def _count_key(person: StaffUser, view: SavedView) -> str:
    return f"saved-view.{view.pk}.{person.pk}"
