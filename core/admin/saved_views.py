"""Doors to the saved views of lists: everything is posted to one address."""

from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core import saved_views as services
from core.components import toast
from core.exceptions import DomainError
from core.exports.sources import model_admin_of
from core.models import SavedView, StaffUser


@require_POST
def act(request: HttpRequest) -> HttpResponseBase:
    """`act`: save, update, rename, share, left, right, default, undefault, delete. Whoever may not see the list may not
    see that it has views."""
    model_admin, person = _list_of(request, request.POST.get("source", "")), _person(request)
    list_page = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
    name, kind = request.POST.get("name", ""), request.POST.get("act", "")
    try:
        if kind == "save":
            view = services.save(
                person=person, source=model_admin.opts.label_lower, name=name, roles=request.POST.getlist("roles"),
                state=_state(model_admin, request),
            )  # fmt: skip
            toast(request, _("View saved"))
        else:
            found = _view(request, model_admin, person)
            if kind == "delete":
                services.delete(person=person, view=found)
                toast(request, _("View deleted"))
                return HttpResponseRedirect(f"{list_page}?view=")
            view = _change(request, model_admin, found, kind)
    except DomainError as error:
        messages.error(request, str(error.message))
        return HttpResponseRedirect(f"{list_page}?{request.POST.get('params', '')}")
    address = services.address_of(view, services.columns_of(model_admin, person))
    return HttpResponseRedirect(f"{list_page}?{address}")


def _change(request: HttpRequest, model_admin: Any, view: SavedView, kind: str) -> SavedView:
    person = _person(request)
    if kind == "update":
        services.change(person=person, view=view, state=_state(model_admin, request))
        toast(request, _("View saved"))
    elif kind == "rename":
        services.change(
            person=person, view=view, name=request.POST.get("name", ""), roles=request.POST.getlist("roles")
        )
        toast(request, _("View saved"))
    elif kind in ("left", "right"):
        services.move(person=person, view=view, to_left=kind == "left")
    elif kind in ("default", "undefault"):
        services.set_default(person=person, view=view, is_default=kind == "default")
        toast(request, _("The list opens with this view") if kind == "default" else _("The list opens with all rows"))
    return view


def counts(request: HttpRequest) -> HttpResponseBase:
    """The numbers of the tabs, as pieces that htmx puts into their places."""
    model_admin = _list_of(request, request.GET.get("source", ""))
    views = list(services.visible(_person(request), model_admin.opts.label_lower))
    found = services.count(model_admin, request, views)
    return render(request, "core/lists/view_counts.html", {"counts": found.items()})


def _person(request: HttpRequest) -> StaffUser:
    return request.user  # type: ignore[return-value]


def _list_of(request: HttpRequest, source: str) -> Any:
    model_admin = model_admin_of(source) if "." in source else None
    if model_admin is None:
        raise Http404
    if not model_admin.has_view_or_change_permission(request):
        raise PermissionDenied
    return model_admin


def _view(request: HttpRequest, model_admin: Any, person: StaffUser) -> SavedView:
    number = request.POST.get("view", "")
    known = {str(view.pk): view for view in services.visible(person, model_admin.opts.label_lower)}
    if number not in known:
        raise Http404
    return known[number]


def _state(model_admin: Any, request: HttpRequest) -> dict[str, Any]:
    """What the list showed when the form was sent: its address travels with the form."""
    params = QueryDict(request.POST.get("params", ""))
    asked = HttpRequest()
    asked.method, asked.user, asked.GET = "GET", request.user, params
    asked.counts_only = True  # type: ignore[attr-defined]
    try:
        changelist = model_admin.get_changelist_instance(asked)
    except IncorrectLookupParameters:
        return {"filters": {}}
    return services.state_of(changelist, params)
