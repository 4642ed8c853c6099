"""Experiments: what is asked, what runs, what came of it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy
from unfold.decorators import display

from core.admin.base import EXPORT_PERMISSION
from core.admin.experiment_acts import RUN, ExperimentActs, page_of, plan
from core.admin.experiment_forms import DecisionForm, ExperimentForm, prefilled
from core.admin.experiment_page import context_of, standing_in
from core.components import Meaning, figure, pill, toast, when
from core.exceptions import DomainError
from core.experiments import kinds, placing, reading, services
from core.models import Experiment, ExperimentLook

State = Experiment.State
MEANINGS = {
    State.DRAFT: Meaning.IDLE, State.RUNNING: Meaning.MOVING, State.STOPPED: Meaning.WAITING,
    State.ARCHIVED: Meaning.IDLE,
}  # fmt: skip


def experiment_pill(experiment: Experiment) -> SafeString:
    """A stopped experiment waits for a decision; with one it is done."""
    if experiment.decision and experiment.state == State.STOPPED:
        return pill(Meaning.GOOD, pgettext("state", "decided"))
    return pill(MEANINGS[State(experiment.state)], State(experiment.state).label)


@admin.register(Experiment)
class ExperimentAdmin(ExperimentActs):
    add_title = gettext_lazy("New experiment")
    list_display = ("title", "shown_state", "result", "people", "since")
    list_filter = ("state", "kind", "unit")
    search_fields = ("name", "key", "hypothesis")
    search_help_text = gettext_lazy("Name, key or hypothesis")
    compact_columns = ("shown_state", "result", "people")
    number_columns = ("people",)
    export_fields = (
        "name", "key", "kind", "target", "state", "unit", "primary_metric", "people", "result", "started_at",
        "stopped_at", "decision", "decision_reason",
    )  # fmt: skip
    empty_title = gettext_lazy("No experiments yet")
    empty_text = gettext_lazy(
        "An experiment shows one half of the people something else and tells, with a likely range, what it changed."
    )
    empty_action = (gettext_lazy("New experiment"), "core_experiment_add")

    # --- list ---------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Experiment]:
        newest = ExperimentLook.objects.filter(experiment=OuterRef("pk")).order_by("-looked_at", "-id").values("pk")[:1]
        found: QuerySet[Experiment] = super().get_queryset(request)
        return found.annotate(newest_look=Subquery(newest)).prefetch_related("arms")

    def _look(self, experiment: Any) -> ExperimentLook | None:
        """The newest look; those of a page of the list are read together."""
        if not hasattr(experiment, "shown_look"):
            peers = getattr(experiment, "_peers", None) or [experiment]
            ids = [one.newest_look for one in peers if getattr(one, "newest_look", None)]
            found = ExperimentLook.objects.in_bulk(ids) if ids else {}
            for one in peers:
                one.shown_look = found.get(getattr(one, "newest_look", None))
        return experiment.shown_look  # type: ignore[no-any-return]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changelist = super().get_changelist_instance(request)
        rows = list(changelist.result_list)
        for row in rows:
            row._peers = rows
        changelist.result_list = rows
        return changelist

    @display(description=gettext_lazy("Experiment"), ordering="name")
    def title(self, experiment: Experiment) -> SafeString:
        kind = kinds.known(experiment.kind)
        where = f"{kind.title} · {kind.target_title(experiment.target)}" if kind else experiment.kind
        return format_html(
            '<span class="zg-two"><span>{}</span><span class="zg-hint">{}</span></span>', experiment.title, where
        )

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, experiment: Experiment) -> SafeString:
        return experiment_pill(experiment)

    @display(description=gettext_lazy("Result"))
    def result(self, experiment: Experiment) -> str:
        if experiment.is_draft:
            return "–"
        said = reading.verdict(experiment, self._look(experiment))
        return said.sentence

    @display(description=pgettext_lazy("taking part", "People"))
    def people(self, experiment: Experiment) -> str:
        look = self._look(experiment)
        return "–" if look is None else figure(look.people)

    @display(description=gettext_lazy("Started"), ordering="started_at")
    def since(self, experiment: Experiment) -> str:
        return when(experiment.started_at) if experiment.started_at else "–"

    # --- pages --------------------------------------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Only drafts go; what has run stays on record."""
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Exports are the only thing done to several at once."""
        return {name: action for name, action in super().get_actions(request).items() if name.startswith("export")}

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None) -> Any:
        if not self.has_add_permission(request):
            raise PermissionDenied
        form = ExperimentForm(request.POST or None, initial=prefilled(request.GET))
        if request.method == "POST" and form.is_valid():
            try:
                made = services.create(by=request.user, **form.cleaned())  # type: ignore[arg-type]
            except DomainError as error:
                _tell(form, error)
            else:
                toast(request, _("Experiment saved as a draft"))
                return HttpResponseRedirect(page_of(made.pk))
        return self._form_page(request, form, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        experiment = self.get_experiment(int(object_id) if object_id.isdecimal() and len(object_id) < 19 else 0)
        may_change = self.has_change_permission(request)
        if request.method == "POST" and not (may_change and experiment.is_draft):
            raise PermissionDenied
        if experiment.is_draft and may_change:
            return self._draft_page(request, experiment)
        return self.result_page(request, experiment)

    def _draft_page(self, request: HttpRequest, experiment: Experiment) -> HttpResponse:
        form = ExperimentForm(request.POST or None, experiment=experiment)
        if request.method == "POST" and form.is_valid():
            try:
                services.change(experiment, **form.cleaned())
            except DomainError as error:
                _tell(form, error)
            else:
                toast(request, _("Experiment saved"))
                return HttpResponseRedirect(page_of(experiment.pk))
        return self._form_page(request, form, experiment)

    def _form_page(self, request: HttpRequest, form: ExperimentForm, experiment: Experiment | None) -> TemplateResponse:
        return self._answer(
            request,
            "admin/core/experiment_form.html",
            {
                "title": experiment.title if experiment else _("New experiment"),
                "head_pill": experiment_pill(experiment) if experiment else "",
                "form": form,
                "errors": form.errors,
                "experiment": experiment,
                "may_run": experiment is not None and request.user.has_perm(RUN),
                "may_delete": experiment is not None and self.has_delete_permission(request, experiment),
                "standing_in": standing_in(experiment) if experiment is not None else [],
                "plan": plan(request),
                "media": self.media + form.media,
            },
        )

    def result_page(
        self, request: HttpRequest, experiment: Experiment, decision: DecisionForm | None = None
    ) -> TemplateResponse:
        is_holdout = experiment.kind == placing.EVERYTHING  # the shop profile starts and ends it
        may_run = request.user.has_perm(RUN) and not is_holdout
        context = context_of(experiment)
        arms = [row.arm for row in context["arms"]]
        return self._answer(
            request,
            "admin/core/experiment.html",
            {
                "title": experiment.title,
                "head_pill": experiment_pill(experiment),
                "experiment": experiment,
                "may_run": may_run,
                "may_add": self.has_add_permission(request) and not is_holdout,
                "may_export": request.user.has_perm(EXPORT_PERMISSION) and context["look"] is not None,
                "decision_form": decision
                or DecisionForm(arms=arms, initial={"decision": experiment.decision, "arm": experiment.decided_arm_id}),
                "can_decide": may_run and experiment.state == State.STOPPED,
                "media": self.media,
                **context,
            },
        )

    def _answer(self, request: HttpRequest, template: str, context: dict[str, Any]) -> TemplateResponse:
        return TemplateResponse(
            request, template, {**self.admin_site.each_context(request), "opts": self.opts, **context}
        )

    def get_experiment(self, pk: int) -> Experiment:
        related = ("decided_arm", "decided_by", "created_by", "replaces")
        return get_object_or_404(Experiment.objects.select_related(*related).prefetch_related("arms"), pk=pk)


def _tell(form: ExperimentForm, error: DomainError) -> None:
    field = {"kind": "place", "target": "other_place", "arms": "arm_0_weight"}.get(
        error.extra.get("field", ""), error.extra.get("field")
    )
    form.add_error(field if field in form.fields else None, str(error.message))
