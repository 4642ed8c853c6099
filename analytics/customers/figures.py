"""What the page shows of the newest scorings: charts, sentences and where each bar leads."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.customers.choices import ORDER_DAYS
from analytics.models import ScoreCheck, ScoreKind, ScoreRun
from core.components import percent
from core.components.words import day_text, figure, money_about
from core.reports import Chart, Line, bar_chart, line_chart

TENTHS = 10
MOST_CHECKS = 12
FURTHER = 1.6
"""The next date may be off by so many times the worst of the dates held back, which lie close together: so 8 of 9
earlier dates of Online Retail II stay inside (adr/0071)."""


def newest() -> tuple[dict[str, ScoreRun], dict[str, ScoreRun]]:
    """The newest scoring of each kind, and the newest refusal where nothing was scored since. One query."""
    runs: dict[str, ScoreRun] = {}
    refusals: dict[str, ScoreRun] = {}
    rows = (
        ScoreRun.objects.order_by("kind", "model_version_id", "-finished_at")
        .distinct("kind", "model_version_id")
        .select_related("model_version")
    )
    for run in sorted(rows, key=lambda run: run.finished_at):
        (refusals if run.refusal else runs)[run.kind] = run
    stale = [kind for kind, run in refusals.items() if kind in runs and runs[kind].finished_at > run.finished_at]
    return runs, {kind: run for kind, run in refusals.items() if kind not in stale}


def address(**query: Any) -> str:
    return f"{reverse('admin:analytics_customers')}?{urlencode(query)}"


def level_range(run: ScoreRun, days: int, share: float) -> tuple[float, float] | None:
    """Between what a share foretold by the run's version likely lies, by how far it was off at the worst of the dates
    held back while learning. None without any."""
    report = run.model_version.report if run.model_version is not None else {}
    gaps = report.get("horizons", {}).get(str(days), {}).get("gaps") or []
    if not gaps:
        return None
    most = FURTHER * max(map(abs, gaps))
    return max(share - most, 0.0), min(share + most, 1.0)


def value_sum(run: ScoreRun) -> str:
    """What all customers will bring, with its likely range by how far the money foretold was off at the worst of the
    stretches that it was held against."""
    total = run.figures["sum"].get("value")
    report = run.model_version.report if run.model_version is not None else {}
    off = report.get("money_off") or []
    if total is None or not off:
        return money_about(total)
    most = FURTHER * max(map(abs, off))
    return _("%(share)s (%(low)s to %(high)s)") % {
        "share": money_about(total), "low": money_about(max(total * (1 - most), 0.0)),
        "high": money_about(total * (1 + most)),
    }  # fmt: skip


def churn_share(run: ScoreRun, days: int) -> str:
    """The share that will likely buy nothing, with its likely range."""
    share = run.figures["mean"].get(f"churn_{days}")
    return _with_range(share, run, days)


def order_share(run: ScoreRun) -> str:
    return _with_range(run.figures["mean"].get("propensity_30"), run, ORDER_DAYS)


def _with_range(share: float | None, run: ScoreRun, days: int) -> str:
    ends = level_range(run, days, share) if share is not None else None
    if ends is None:
        return percent(share)
    return _("%(share)s (%(low)s to %(high)s)") % {
        "share": percent(share), "low": percent(ends[0]), "high": percent(ends[1]),
    }  # fmt: skip


def _range_note(run: ScoreRun, days: int, share: float) -> str:
    ends = level_range(run, days, share)
    if ends is None:
        return _("No earlier date could be held back yet: the share may be far off.")
    return _("Likely %(low)s to %(high)s, by how far dates held back were off.") % {
        "low": percent(ends[0]), "high": percent(ends[1]),
    }  # fmt: skip


def _both(first: str, second: str) -> str:
    return pgettext("two sentences", "%(first)s %(second)s") % {"first": first, "second": second}


def churn_chart(run: ScoreRun, days: int) -> Chart | None:
    """How many customers have which risk; each bar leads to them."""
    bins = run.figures.get("bins", {}).get(f"churn_{days}")
    if not bins:
        return None
    counts = _tenths(bins)
    labels = [f"{10 * place}–{10 * place + 10}%" for place in range(TENTHS)]
    risky = sum(counts[7:])
    title = _("%(share)s of the customers will likely buy nothing within %(days)d days") % {
        "share": percent(run.figures["mean"][f"churn_{days}"]), "days": days,
    }  # fmt: skip
    note = _("Customers by their risk. %(count)s have a risk of 70%% and more. Click a bar for the people.") % {
        "count": figure(risky)
    }
    note = _both(_range_note(run, days, run.figures["mean"][f"churn_{days}"]), note)
    urls = [_bin_address("churn", f"churn_{days}", place, days) for place in range(TENTHS)]
    return bar_chart(title, labels, [Line(_("Customers"), counts)], first_head=_("Risk"), note=note, urls=urls)


def order_chart(run: ScoreRun) -> Chart | None:
    bins = run.figures.get("bins", {}).get("propensity_30")
    if not bins:
        return None
    title = _("About %(count)s customers will likely order within 30 days") % {
        "count": figure(round(run.figures["sum"]["propensity_30"]))
    }
    note = _("Customers by their chance of an order. Click a bar for the people.")
    ends = level_range(run, ORDER_DAYS, run.figures["mean"]["propensity_30"])
    if ends is not None:
        least, most = (figure(round(end * run.customers)) for end in ends)
        likely = _("Likely %(low)s to %(high)s, by how far dates held back were off.") % {"low": least, "high": most}
        note = _both(likely, note)
    labels = [f"{10 * place}–{10 * place + 10}%" for place in range(TENTHS)]
    urls = [_bin_address("order", "propensity_30", place, 90) for place in range(TENTHS)]
    lines = [Line(_("Customers"), _tenths(bins))]
    return bar_chart(title, labels, lines, first_head=_("Chance"), note=note, urls=urls)


def _bin_address(listing: str, field: str, place: int, days: int) -> str:
    query = {"list": listing, "field": field, "from": place / TENTHS, "to": (place + 1) / TENTHS, "days": days}
    return f"{address(**query)}#people"


def _tenths(bins: list[int]) -> list[int]:
    step = len(bins) // TENTHS
    return [sum(bins[place * step : (place + 1) * step]) for place in range(TENTHS)]


def value_chart(run: ScoreRun) -> Chart | None:
    """What each tenth of the customers is worth; each bar leads to them."""
    tenths = run.figures.get("tenths")
    if not tenths:
        return None
    total = sum(row["value"] for row in tenths)
    share = tenths[0]["value"] / total if total else 0.0
    title = _("The most valuable tenth of the customers will likely bring %(share)s of the revenue") % {
        "share": percent(share)
    }
    labels = [f"{money_about(row['from'])} – {money_about(row['to'])}" for row in tenths]
    urls = [
        f"{address(list='value', field='value', **{'from': row['from'], **({'to': before} if before else {})})}#people"
        for row, before in zip(tenths, [0.0, *(row["from"] for row in tenths)], strict=False)
    ]
    lines = [Line(_("Value, 12 months"), [row["value"] for row in tenths], "money")]
    return bar_chart(
        title, labels, lines, first_head=_("Value of a customer, 12 months"), is_horizontal=True, urls=urls,
        note=_("Tenths of the customers, the most valuable first: what each will likely bring within 12 months."),
    )  # fmt: skip


def calibration_chart(report: Mapping[str, Any], days: int) -> Chart | None:
    """Foretold and actual shares of ten groups at held-back dates."""
    own = report.get("horizons", {}).get(str(days), {})
    rows = own.get("calibration") or []
    if not rows:
        return None
    foretold = sum(row["predicted"] * row["customers"] for row in rows) / sum(row["customers"] for row in rows)
    actual = sum(row["observed"] * row["customers"] for row in rows) / sum(row["customers"] for row in rows)
    title = _("Foretold %(foretold)s, happened %(actual)s on earlier dates") % {
        "foretold": percent(foretold), "actual": percent(actual),
    }  # fmt: skip
    gaps = own.get("gaps") or []
    note = _("Ten equal groups from the lowest risk to the highest, at dates held back while learning.")
    if gaps:
        off = _("The share was off by %(points)s points on average, at most by %(most)s.") % {
            "points": f"{100 * sum(map(abs, gaps)) / len(gaps):.1f}", "most": f"{100 * max(map(abs, gaps)):.1f}",
        }  # fmt: skip
        note = _both(note, off)
    texts = [
        _("%(share)s (%(low)s to %(high)s)")
        % {"share": percent(row["observed"]), "low": percent(row["low"]), "high": percent(row["high"])}
        for row in rows
    ]
    lines = [
        Line(
            pgettext("share", "Happened"), [row["observed"] for row in rows], "share", texts=texts,
            low=[row["low"] for row in rows], high=[row["high"] for row in rows],
        ),
        Line(_("Foretold"), [row["predicted"] for row in rows], "share", is_reference=True),
    ]  # fmt: skip
    labels = [_("Group %(number)d") % {"number": place + 1} for place in range(len(rows))]
    return line_chart(title, labels, lines, first_head=_("Group"), note=note)


# --- back-test of value --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class BackTestWords:
    """The back-test in sentences and rows."""

    sentence: str
    naive: str
    money: str
    notes: list[str]
    rows: list[tuple[str, list[str]]]


def back_test(report: Mapping[str, Any]) -> BackTestWords | None:
    """What was foretold of the last days and what came, beside the rate so far carried on."""
    test = report.get("back_test")
    if not test:
        return None
    words = {
        "days": test["days"], "customers": figure(test["customers"]), "foretold": figure(round(test["predicted"])),
        "actual": figure(round(test["actual"])), "naive": figure(round(test["naive"])),
    }  # fmt: skip
    sentence = _(
        "%(customers)s customers, %(days)d days: %(foretold)s days with an order were foretold, and %(actual)s came"
    )
    naive = _("The rate so far carried on would have said %(naive)s.")
    money_words = _("Money foretold: %(foretold)s; came: %(actual)s.") % {
        "foretold": money_about(test["predicted_money"]), "actual": money_about(test["actual_money"]),
    }  # fmt: skip
    rows = [
        (
            _("Tenth %(number)d") % {"number": place + 1},
            [
                figure(row["customers"]), figure(round(row["predicted"])), figure(round(row["actual"])),
                figure(round(row["naive"])), money_about(row["predicted_money"]), money_about(row["actual_money"]),
            ],
        )
        for place, row in enumerate(test["deciles"])
    ]  # fmt: skip
    return BackTestWords(sentence % words, naive % words, money_words, _notes(report), rows)


def _notes(report: Mapping[str, Any]) -> list[str]:
    """Bounds that were hit and what was used instead."""
    notes = []
    if report.get("at_bounds"):
        notes.append(
            _("BG/NBD ended at the edge of its range (%(names)s): customers differ less than it can tell.")
            % {"names": ", ".join(report["at_bounds"])}
        )
    if report.get("money_used") != "gamma_gamma":
        bounds = ", ".join(report.get("money_at_bounds") or [])
        why = _("Gamma-Gamma ended at the edge of its range (%(names)s)") % {"names": bounds} if bounds else ""
        notes.append(
            _("%(why)s: the value of an order is the own mean drawn towards that of all.")
            % {"why": why or _("Too few amounts for Gamma-Gamma")}
        )
    return notes


def decile_heads() -> list[str]:
    return [
        _("Customers"), _("Orders foretold"), _("Orders that came"), _("Rate so far"), _("Money foretold"),
        _("Money that came"),
    ]  # fmt: skip


# --- checks --------------------------------------------------------------------------------------------------------


def checks() -> list[tuple[str, list[str]]]:
    """The newest nights: what the serving version says of days whose outcome is known."""
    found = ScoreCheck.objects.select_related("model_version").order_by("-day", "kind", "horizon")[:MOST_CHECKS]
    return [
        (
            f"{capfirst(ScoreKind(one.kind).label)} · "
            + _("%(days)d days to %(day)s") % {"days": one.horizon, "day": day_text(one.day)},
            [
                figure(one.customers), percent(one.foretold), percent(one.actual),
                "–" if one.auc is None else f"{one.auc:.3f}", "–" if one.stability is None else f"{one.stability:.3f}",
                one.model_version.name if one.model_version else "–",
            ],
        )
        for one in found
    ]  # fmt: skip


def check_heads() -> list[str]:
    return [_("Customers"), _("Foretold"), pgettext("share", "Happened"), _("AUC"), _("Stability index"), _("Version")]
