"""Tables of the page of quality: weeks, languages, versions and engines. Pure: everything shown was counted before."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.fields import language_name
from catalog.languages import plain_language
from core.admin.models import version_pill
from core.components import Column, TableCard, TableRow, ago, figure, percent
from core.components.words import day_text
from core.models import ModelVersion
from reviews.choices import engine_title
from reviews.quality.figures import Share, Week


def weeks(found: Iterable[Week]) -> TableCard:
    """Weekly samples, the newest first."""
    return TableCard(
        _("Weekly samples"), _("Week of"),
        [Column(_("Read right"), "word"), Column(_("By language"), "long"), Column(_("Drawn"))],
        [
            TableRow(day_text(one.week), [share_words(one.total), _by_language(one), figure(one.drawn)])
            for one in found
        ],
        note=_("share read right, likely range, answers"),
    )  # fmt: skip


def languages(told: Mapping[str, Mapping[str, Any]]) -> TableCard | None:
    """Languages of a version's report; None where it has none."""
    if not told:
        return None
    rows = [
        TableRow(
            language(code),
            [
                figure(row["texts"]), percent(row["accuracy"]), f"{percent(row['low'])} – {percent(row['high'])}",
                figure(row["macro_f1"], 2), percent(row["ece"]),
            ],
        )
        for code, row in told.items()
    ]  # fmt: skip
    heads = (_("Reviews"), _("Read right"), _("Likely range"), _("Mean F1"), _("Confidence was off by"))
    note = _("on reviews kept apart from learning, by stars and staff")
    return TableCard(_("Languages"), _("Language"), [Column(head) for head in heads], rows, note=note)


def versions(found: Iterable[ModelVersion], shown: ModelVersion | None) -> TableCard:
    """Versions, each leads to the page about it."""
    heads = (
        _("Learned from"), _("Read right"), _("Mean F1"), _("Confidence was off by"), _("Read right, on later reviews")
    )  # fmt: skip
    return TableCard(
        _("Versions"), _("Version"),
        [Column(_("State"), "word"), Column(_("Engine"), "word"), *(Column(head) for head in heads)],
        [_version(one, is_chosen=one == shown) for one in found],
        link=(_("What staff said"), reverse("admin:reviews_reviewlabel_changelist")),
    )  # fmt: skip


def _version(one: ModelVersion, *, is_chosen: bool) -> TableRow:
    cells = [
        version_pill(one), engine_title(one.report.get("engine", {}).get("name", "")), figure(one.row_count),
        _metric(one, "accuracy"), figure(one.metrics.get("macro_f1", 0.0), 2), _metric(one, "ece"),
        _metric(one, "later_accuracy"),
    ]  # fmt: skip
    return TableRow(one.name, cells, url=f"?version={one.number}", hint=ago(one.created_at), is_chosen=is_chosen)


def engines(told: Mapping[str, Mapping[str, Any]], names: Iterable[str]) -> TableCard:
    """What each engine did with this shop's reviews when it last learned from them; `names` are those that can."""
    heads = (
        _("Read right"), _("Confidence was off by"), _("Reviews learned"), _("Processor seconds"),
        _("Reviews a second"), _("Memory, MB"),
    )  # fmt: skip
    rows = [_engine(name, told[name]) for name in told]
    rows += [
        TableRow(engine_title(name), ["–"] * len(heads), hint=_("has not learned from this shop's reviews yet"))
        for name in names
        if name not in told
    ]
    return TableCard(_("Engines on this shop's reviews"), _("Engine"), [Column(head) for head in heads], rows)


def _engine(name: str, told: Mapping[str, Any]) -> TableRow:
    version: ModelVersion = told["version"]
    cells = [
        _metric(version, "accuracy"), _metric(version, "ece"), figure(told["texts"]), figure(told["cpu_seconds"], 1),
        figure(told["texts_per_second"]), figure(told["memory_mb"]),
    ]  # fmt: skip
    return TableRow(engine_title(name), cells, url=f"?version={version.number}", hint=version.name)


def share_words(share: Share) -> str:
    """A share with its likely range and of how many; a dash for none."""
    if share.range is None:
        return "–"
    low, high = share.range
    return _("%(share)s (%(low)s–%(high)s) of %(texts)s") % {
        "share": percent(share.value or 0.0), "low": percent(low), "high": percent(high), "texts": figure(share.texts),
    }  # fmt: skip


def language(code: str) -> str:
    """A language's name in the reader's."""
    if code in ("", "und"):
        return _("language unknown")
    return language_name(plain_language(code))


def _by_language(one: Week) -> str:
    shares = sorted(one.by_language.items(), key=lambda item: -item[1].texts)
    return " · ".join(f"{language(code)} {share_words(share)}" for code, share in shares) or "–"


def _metric(one: ModelVersion, name: str) -> str:
    return percent(one.metrics[name]) if name in one.metrics else "–"
