"""What staff do on the page of an experiment: one address for each act, each calls one service."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.admin.base import EXPORT_PERMISSION, StaffModelAdmin
from core.admin.experiment_forms import DecisionForm
from core.admin.experiment_page import results_csv
from core.components import figure, toast
from core.exceptions import DomainError
from core.experiments import services
from core.exports.tables import private_headers
from core.ml import experiments as ml
from core.models import Experiment

RUN = "core.run_experiment"


class ExperimentActs(StaffModelAdmin):
    """The acts; the pages are in core.admin.experiments."""

    def get_experiment(self, pk: int) -> Experiment:
        raise NotImplementedError

    def result_page(
        self, request: HttpRequest, experiment: Experiment, decision: DecisionForm | None = None
    ) -> TemplateResponse:
        raise NotImplementedError

    def get_urls(self) -> list[URLPattern]:
        def post(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        acts = {
            "start": self.start_view, "stop": self.stop_view, "decide": self.decide_view, "look": self.look_view,
            "archive": self.archive_view, "copy": self.copy_view, "results": self.results_view,
        }  # fmt: skip
        return [
            path("plan/", self.admin_site.admin_view(require_GET(self.plan_view)), name="core_experiment_plan"),
            *(path(f"<int:pk>/{name}/", post(view), name=f"core_experiment_{name}") for name, view in acts.items()),
            *super().get_urls(),
        ]

    def plan_view(self, request: HttpRequest) -> HttpResponse:
        """How many people it takes, for the numbers in the address."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return TemplateResponse(request, "admin/core/experiment_plan.html", {"plan": plan(request)})

    def start_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, services.start, _("Experiment started"))

    def stop_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        return self._act(request, pk, services.stop, _("Experiment stopped"))

    def archive_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        back = request.POST.get("back") == "1"
        address = "" if back else reverse("admin:core_experiment_archive", args=[pk])
        said = _("Experiment is back") if back else _("Experiment archived")
        return self._act(
            request, pk, lambda one: services.archive(one, back=back), said, undo=address, fields={"back": 1}
        )

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        made = services.new_version(self.get_experiment(pk), by=request.user)  # type: ignore[arg-type]
        toast(request, _("New version made as a draft"))
        return HttpResponseRedirect(page_of(made.pk))

    def look_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        services.ask_for_look(self.get_experiment(pk), by=request.user)  # type: ignore[arg-type]
        toast(request, _("Counting has begun"))
        return HttpResponseRedirect(page_of(pk))

    def decide_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        experiment = self.get_experiment(pk)
        arms = list(experiment.arms.all())
        form = DecisionForm(request.POST, arms=arms)
        if form.is_valid():
            chosen = next((arm for arm in arms if str(arm.pk) == form.cleaned_data["arm"]), None)
            try:
                services.decide(
                    experiment, decision=form.cleaned_data["decision"], reason=form.cleaned_data["reason"],
                    by=request.user, arm=chosen,  # type: ignore[arg-type]
                )  # fmt: skip
            except DomainError as error:
                field = {"decided_arm": "arm", "decision_reason": "reason"}.get(error.extra.get("field", ""))
                form.add_error(field, str(error.message))
            else:
                toast(request, _("Decision written down"))
                return HttpResponseRedirect(page_of(pk))
        return self.result_page(request, experiment, form)

    def results_view(self, request: HttpRequest, pk: int) -> HttpResponse | StreamingHttpResponse:
        """The newest look as CSV."""
        if not (request.user.has_perm(EXPORT_PERMISSION) and self.has_view_or_change_permission(request)):
            raise PermissionDenied
        experiment = self.get_experiment(pk)
        look = experiment.looks.first()
        if look is None:
            return HttpResponseRedirect(page_of(pk))
        response = StreamingHttpResponse(list(results_csv(experiment, look)), content_type="text/csv; charset=utf-8")
        for name, value in private_headers(f"{experiment.key}.csv").items():
            response.headers[name] = value
        return response

    def _act(
        self,
        request: HttpRequest,
        pk: int,
        act: Any,
        said: str,
        *,
        undo: str = "",
        fields: dict[str, Any] | None = None,
    ) -> HttpResponse:
        if not request.user.has_perm(RUN):
            raise PermissionDenied
        try:
            act(self.get_experiment(pk))
        except DomainError as error:
            self.refuse(request, error)
        else:
            toast(request, said, undo=undo, **(fields or {} if undo else {}))
        return HttpResponseRedirect(page_of(pk))


def page_of(pk: int) -> str:
    return reverse("admin:core_experiment_change", args=[pk])


def plan(request: HttpRequest, *, base: str = "", daily: str = "") -> dict[str, Any]:
    """People that it takes to find a change, and how long that lasts. Numbers that cannot be give no answer.

    `base` (percent) and `daily` are what the shop has, where the page knows it.
    """
    usual = (("base", base or "4"), ("lift", "10"), ("daily", daily or "500"))
    given = {name: request.GET.get(name, default) for name, default in usual}
    try:
        share, lift, a_day = (float(given[name].replace(",", ".")) for name in ("base", "lift", "daily"))
        people = ml.people_needed_always_valid(base=share / 100, lift=lift / 100)
        days = -(-people // a_day) if a_day > 0 else None
    except (ValueError, OverflowError):
        return given | {"problem": _("Give a share between 0 and 100% and a change that is not 0.")}
    return given | {"people": figure(people), "days": figure(int(days)) if days is not None and days < 36_500 else ""}
