"""What a training tried: parameter sets with score and cost, the weights that its sources got, and whether the running
visit, the hour and the device count."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from core.admin.base import EXPORT_PERMISSION
from core.admin.models import ACTIVATE
from core.components import toast
from core.components.words import MINUS, run_on
from core.exports.cells import safe_cell
from core.exports.tables import csv_lines, private_headers
from core.ledger import record
from core.models import LedgerEntry, ModelVersion
from recommender.alone import methods_of
from recommender.choices import HISTORY_LIMIT, NETWORK_ITEMS, RECOMMENDER
from recommender.models import TrainingSettings

WORDS = {
    "popularity": gettext_lazy("Most popular"),
    "popularity_recent": gettext_lazy("Most popular of late"),
    "item_knn": gettext_lazy("Item neighbours"),
    "ials": gettext_lazy("Matrix factorisation"),
    "ease": gettext_lazy("Linear item model"),
    "rp3beta": gettext_lazy("Random walk"),
    "sequence_rules": gettext_lazy("What came after"),
    "sequence_walk": gettext_lazy("What came after, two steps"),
    "content": gettext_lazy("Descriptions"),
    "two_tower": gettext_lazy("Two-tower network"),
    "blend": gettext_lazy("Blend"),
}
SORTED_BY = {"number": 1, "source": 1, "score": -1, "cpu_seconds": -1}
"""Columns that can be sorted, and which way first."""


@dataclass(frozen=True)
class Tried:
    """One row. `parameters` are those that differ between the trials of the source, `turned` those that are not as in
    its first trial (all of them in that one)."""

    number: int
    source: str
    score: float
    cpu_seconds: float
    is_chosen: bool
    parameters: dict[str, Any]
    turned: dict[str, Any]

    @property
    def label(self) -> Any:
        return WORDS.get(self.source, self.source)

    @property
    def settings(self) -> str:
        return " · ".join(f"{name} {value}" for name, value in self.turned.items())


@dataclass(frozen=True)
class Weighed:
    """One strategy: its weight in the blend (None: not a part of it), nDCG@10 on validation and on later data."""

    source: str
    weight: float | None
    validation: float | None
    later: float | None
    cpu_seconds: float | None
    is_chosen: bool

    @property
    def label(self) -> Any:
        return WORDS.get(self.source, self.source)


@dataclass(frozen=True)
class Compared:
    """Two ways to answer at moments of later visits, in words, and how sure the better one is: MRR@20 of the next
    product. `names` of the new way and of the plain one; figures are None where no moment was left to judge on."""

    names: tuple[Any, Any]
    sentence: str
    moments: int
    judged: int = 0
    new: float | None = None
    plain: float | None = None
    gain: str = ""
    gain_range: str = ""
    is_sure: bool = True
    """The range of the gain lies above 0."""


def trials(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """`?version=<number>&sort=[-]<column>`; without a version the live one, else the newest. POST sends the table as
    CSV, with `network` says whether the next training has a network among its sources."""
    if "network" in request.POST:
        return _choose_network(request)
    version = _version(request.GET.get("version", ""))
    sort = request.GET.get("sort", "number")
    sort = sort if sort.removeprefix("-") in SORTED_BY else "number"
    report = (version.report if version else None) or {}
    rows = in_order(tried(report), sort)
    may_export = request.user.has_perm(EXPORT_PERMISSION) and bool(rows)
    if request.method == "POST" and may_export and version is not None:
        return _csv(version, rows)
    models = reverse("admin:core_modelversion_changelist")
    shown = {"kind": RECOMMENDER.name} | ({"version": version.number} if version else {})
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Trials"),
        "subtitle": f"v{version.number}" if version else None,
        "version": version,
        "crumbs": [{"title": _("Recommender"), "url": f"{models}?{urlencode(shown)}"}],
        "rows": rows,
        "weights_note": _weights_note(methods_of(report)),
        "weighed": weighed(report),
        "visits": of_visits(report),
        "hours": of_hours(report),
        "devices": of_devices(report),
        "columns": _columns(sort, version),
        "seconds": sum(row.cpu_seconds for row in rows),
        "is_sampled": bool(report.get("tuned_on_sample")),
        "is_quick": bool(report.get("quick")),
        "may_export": may_export,
        "with_network": TrainingSettings.learns_with_network(),
        "most_items": NETWORK_ITEMS,
        "may_choose": request.user.has_perm(ACTIVATE),
    }
    return render(request, "admin/recommender/trials.html", context)


def _weights_note(alone: str) -> str:
    told = _(
        "Weights and parameters are chosen on a validation part of the earlier events; the later data are looked at "
        "once."
    )
    if not alone:
        return told
    return run_on([told, _("A placement or an experiment may show one of these alone: %(alone)s.") % {"alone": alone}])


def _choose_network(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(ACTIVATE):
        raise PermissionDenied
    wanted, before = request.POST["network"] == "on", TrainingSettings.learns_with_network()
    if wanted != before:
        TrainingSettings.objects.update_or_create(pk=1, defaults={"with_network": wanted})
        said = _("The next training has the network") if wanted else _("The next training goes without the network")
        toast(request, said, undo=reverse("admin:recommender_trials"), network="on" if before else "off")
    return HttpResponseRedirect(reverse("admin:recommender_trials"))


def tried(report: Mapping[str, Any]) -> list[Tried]:
    """Rows of a report in the order of the search; none for reports that kept only names and scores."""
    told = report.get("trials")
    if not isinstance(told, list):
        return []
    values: dict[str, dict[str, set[str]]] = {}
    first: dict[str, dict[str, Any]] = {}
    for row in told:
        first.setdefault(row["source"], row["parameters"])
        for name, value in row["parameters"].items():
            values.setdefault(row["source"], {}).setdefault(name, set()).add(str(value))
    rows = []
    for number, row in enumerate(told, 1):
        source, start = row["source"], first[row["source"]]
        own = {name: value for name, value in row["parameters"].items() if len(values[source][name]) > 1}
        turned = {name: value for name, value in own.items() if row["parameters"] is start or value != start[name]}
        rows.append(Tried(number, source, row["score"], row["cpu_seconds"], row["chosen"], own, turned))
    return rows


def weighed(report: Mapping[str, Any]) -> list[Weighed]:
    """Strategies of a report, best on validation first."""
    validation, later = report.get("validation") or {}, report.get("strategies") or {}
    weights, costs = report.get("weights") or {}, report.get("cpu_seconds") or {}
    names = sorted({*validation, *weights}, key=lambda name: (-validation.get(name, 0.0), name))
    return [
        Weighed(
            name, weights.get(name), validation.get(name), later.get(name, {}).get(RECOMMENDER.primary_metric),
            costs.get(name), name == report.get("chosen"),
        )
        for name in names
    ]  # fmt: skip


def of_visits(report: Mapping[str, Any]) -> Compared | None:
    """Whether the running visit answers short histories; None for reports that do not say."""
    told = report.get("sessions")
    if not isinstance(told, Mapping):
        return None
    sentence = _who_is_served(int(told.get("serves_up_to", 0)), int(told.get("moments", 0)))
    names = (_("By the running visit"), _("By everything they did"))
    return _compared(told, names, sentence, "mrr@20_session", "mrr@20_personal")


def of_hours(report: Mapping[str, Any]) -> Compared | None:
    """Whether hour and season count; None for reports that do not say."""
    told = report.get("context")
    if not isinstance(told, Mapping):
        return None
    if told.get("exponent"):
        sentence = _(
            "They count where everything a person did answers, not where the running visit does: products of "
            "categories that people choose more at this part of the day and in this season move up, others down."
        )
    elif told.get("moments"):
        sentence = _("They do not count: they did not foretell the next product surely better.")
    else:
        sentence = _("They do not count. They were not measured: too few visits, or products without categories.")
    names = (_("With hour and season"), _("Without"))
    return _compared(told, names, sentence, "mrr@20_with", "mrr@20_without")


def of_devices(report: Mapping[str, Any]) -> Compared | None:
    """Whether the device counts; None for reports that do not say."""
    told = report.get("device")
    if not isinstance(told, Mapping):
        return None
    if told.get("exponent"):
        sentence = _(
            "It counts where everything a person did answers, not where the running visit does: products of categories "
            "that people choose more on this device move up, others down."
        )
    elif told.get("moments"):
        sentence = _("It does not count: it did not foretell the next product surely better.")
    else:
        sentence = _(
            "It does not count. It was not measured: too few visits whose device is known, or products without "
            "categories."
        )
    names = (_("With the device"), _("Without"))
    return _compared(told, names, sentence, "mrr@20_with", "mrr@20_without")


def _compared(told: Mapping[str, Any], names: tuple[str, str], sentence: str, new_key: str, plain_key: str) -> Compared:
    moments = int(told.get("moments", 0))
    if "gain_low" not in told:
        return Compared(names, sentence, moments)
    new, plain = float(told[new_key]), float(told[plain_key])
    low, high = float(told["gain_low"]), float(told["gain_high"])
    return Compared(
        names, sentence, moments, int(told["judged_moments"]), new, plain,
        _signed(new - plain), _("likely %(low)s to %(high)s") % {"low": _signed(low), "high": _signed(high)},
        low > 0,
    )  # fmt: skip


def _signed(value: float) -> str:
    return f"{value:+.4f}".replace("-", MINUS)


def _who_is_served(longest: int, moments: int) -> str:
    if longest >= HISTORY_LIMIT:
        return _("Everybody is answered by what others did next in the same situation of a visit.")
    if longest:
        text = ngettext(
            "Who has %(count)d product in the history is answered by what others did next in the same situation of a "
            "visit. With more products, everything the person did answers.",
            "Who has at most %(count)d products in the history is answered by what others did next in the same "
            "situation of a visit. With more products, everything the person did answers.",
            longest,
        )
        return text % {"count": longest}
    if moments:
        return _(
            "Everybody is answered by everything they did: the running visit did not foretell the next product surely "
            "better, whatever the length of the history."
        )
    return _(
        "Everybody is answered by everything they did. The running visit was not measured: there were too few visits "
        "with two acts or more."
    )


def in_order(rows: list[Tried], sort: str) -> list[Tried]:
    """Sorted by a column, `-` in front for falling; equal ones in the order of the search."""
    return sorted(rows, key=lambda row: getattr(row, sort.removeprefix("-")), reverse=sort.startswith("-"))


def _version(wanted: str) -> ModelVersion | None:
    versions = ModelVersion.objects.of(RECOMMENDER.name)
    if not wanted:
        return versions.active().first() or versions.order_by("-number").first()
    if not wanted.isdecimal() or len(wanted) > 9:
        raise Http404
    found = versions.filter(number=int(wanted)).first()
    if found is None:
        raise Http404
    return found


def _columns(sort: str, version: ModelVersion | None) -> list[dict[str, Any]]:
    words = {
        "number": _("No."), "source": _("Source"), "score": _("Validation nDCG@10"), "cpu_seconds": _("CPU seconds"),
    }  # fmt: skip
    name = sort.removeprefix("-")
    columns = []
    for column, first in SORTED_BY.items():
        falls = (not sort.startswith("-")) if column == name else first < 0
        address = {"sort": f"-{column}" if falls else column} | ({"version": version.number} if version else {})
        direction = ("descending" if sort.startswith("-") else "ascending") if column == name else ""
        url = f"?{urlencode(address)}"
        columns.append({"title": words[column], "url": url, "sorted": direction, "is_number": column != "source"})
    return columns


def _csv(version: ModelVersion, rows: list[Tried]) -> StreamingHttpResponse:
    """The table as shown, every parameter that was turned in a column of its own."""
    names = list(dict.fromkeys(name for row in rows for name in row.parameters))

    def lines() -> Iterator[list[str]]:
        yield ["number", "source", "ndcg@10", "cpu_seconds", "chosen", *names]
        for row in rows:
            cells = [row.number, row.source, row.score, row.cpu_seconds, int(row.is_chosen)]
            yield [safe_cell(cell) for cell in [*cells, *(row.parameters.get(name, "") for name in names)]]

    record(
        LedgerEntry.Kind.EXPORT, "core.modelversion", list=f"trials: {version.name}", rows=len(rows), format="csv",
        act="sent",
    )  # fmt: skip
    response = StreamingHttpResponse(csv_lines(lines()), content_type="text/csv; charset=utf-8")
    for name, value in private_headers(f"trials-{version.name}.csv").items():
        response.headers[name] = value
    return response
