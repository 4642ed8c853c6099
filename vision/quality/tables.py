"""Tables and charts of one version's report. Pure but for names: everything shown stands in the report."""

from typing import Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.components import Column, HeatCell, HeatRow, TableCard, TableRow, ago, figure, heat, percent
from core.models import ModelVersion
from core.reports import Chart, Line, bar_chart, line_chart
from vision.choices import in_a_row
from vision.ml.examples import CATEGORY
from vision.quality.names import Names, left_out_words

MOST_CLASSES = 24
"""Categories in the matrix: the most frequent; the table below has all."""


def confusions(version: ModelVersion, names: Names) -> Any:
    """What was taken for what, with the photos behind each number. Empty without photos that judge."""
    cells = version.report.get("cells", [])
    classes = [row["key"] for row in version.report.get("classes", [])][:MOST_CLASSES]
    counted = {(one["label"], one["read"]): one["photos"] for one in cells}
    if not counted:
        return ""
    reads = classes + sorted({read for label, read in counted if label in classes} - set(classes))
    rows = []
    for label in classes:
        total = sum(count for (own, _read), count in counted.items() if own == label)
        row = [_cell(version, names, label, read, counted.get((label, read), 0), total) for read in reads]
        rows.append(HeatRow(names.category(label), row, leads=[figure(total)]))
    return heat(
        rows, [names.category(read) for read in reads], caption=_("What was taken for what"), corner=_("It is"),
        lead_heads=[_("Photos")],
    )  # fmt: skip


def _cell(version: ModelVersion, names: Names, label: str, read: str, count: int, total: int) -> HeatCell:
    if not count:
        return HeatCell("–")
    query = urlencode({"version": version.number, "label": label, "read": read})
    title = _("%(label)s, read as %(read)s: %(share)s of those") % {
        "label": names.category(label), "read": names.category(read), "share": percent(count / total),
    }  # fmt: skip
    return HeatCell(figure(count), count / total, title, f"?{query}")


def classes(version: ModelVersion, names: Names) -> TableCard | None:
    rows = version.report.get("classes", [])
    if not rows:
        return None
    learned = {
        row["key"]: row for row in version.report.get("manifest", {}).get("labels", []) if row["set"] == CATEGORY
    }
    return TableCard(
        _("Category by category"), _("Category"),
        [Column(_("Photos that judged")), Column(_("Precision")), Column(_("Recall")), Column("F1"),
         Column(_("Photos learned from"))],
        [
            TableRow(
                names.category(row["key"]),
                [figure(row["photos"]), _share(row["precision"]), percent(row["recall"]), figure(row["f1"], 2),
                 figure(_taught(learned.get(row["key"])))],
                url=f"?{urlencode({'version': version.number, 'label': row['key'], 'read': row['key']})}",
            )
            for row in rows
        ],
        note=_("on photos kept apart from learning"),
        foot=_("Precision: of those read as it, so many are. Recall: of those that are, so many were read as it."),
    )  # fmt: skip


def _taught(row: dict[str, Any] | None) -> int:
    return row["photos"] - row["test"] if row else 0


def labels(version: ModelVersion, names: Names) -> TableCard | None:
    rows = version.report.get("labels", [])
    if not rows:
        return None
    return TableCard(
        _("Tags"), _("Tag"),
        [Column(_("Photos that show it")), Column(_("Precision")), Column(_("Recall")), Column("F1")],
        [
            TableRow(
                names.label(row),
                [figure(row["photos"]), _share(row["precision"]), percent(row["recall"]), figure(row["f1"], 2)],
                hint=names.set_name(row["set"]),
            )
            for row in rows
        ],
        note=_("on photos kept apart from learning"),
    )  # fmt: skip


def _share(value: float | None) -> str:
    return "–" if value is None else percent(value)


def reliability(version: ModelVersion) -> Chart | None:
    """How often answers of a confidence were right; where both lines meet, confidence keeps its word."""
    bins = version.report.get("bins", [])
    if len(bins) < 2:
        return None
    lines = [
        Line(_("Read right"), [one["right"] for one in bins], "share"),
        Line(_("Confidence"), [one["confidence"] for one in bins], "share", is_reference=True),
    ]
    off = percent(version.metrics.get("ece", 0.0))
    return line_chart(
        _("Confidence was off by %(share)s") % {"share": off}, [percent(one["confidence"]) for one in bins], lines,
        first_head=_("Confidence"), note=_("Photos kept apart in ten groups of equal size, the least sure first."),
    )  # fmt: skip


def curves(version: ModelVersion) -> Chart | None:
    """How learning went, epoch by epoch."""
    rows = version.report.get("curves", [])
    if not rows or "val_loss" not in rows[0]:
        return None
    lines = [
        Line(_("while learning"), [one["loss"] for one in rows]),
        Line(_("on photos kept apart"), [one["val_loss"] for one in rows], is_reference=True),
        Line(_("read right there"), [one.get("val_accuracy") for one in rows], "share", is_drawn=False),
    ]
    texts = [[figure(one["loss"], 3) for one in rows], [figure(one["val_loss"], 3) for one in rows]]
    lines[:2] = [
        Line(line.label, line.values, is_reference=line.is_reference, texts=words)
        for line, words in zip(lines[:2], texts, strict=True)
    ]
    note = _("Loss after each epoch; the size of photos grows on the way. %(seconds)s seconds of the processor.") % {
        "seconds": figure(round(version.report.get("engine", {}).get("cpu_seconds", 0)))
    }
    return line_chart(
        _("How learning went"), [figure(one["epoch"]) for one in rows], lines, first_head=_("Epoch"), note=note
    )  # fmt: skip


def manifest(version: ModelVersion, names: Names) -> TableCard | None:
    """What this version learned from and what was left out."""
    told = version.report.get("manifest", {})
    if not told:
        return None
    rows = [
        TableRow(
            names.label(row), [figure(row["products"]), figure(row["photos"]), figure(row["test"])],
            hint="" if row["set"] == CATEGORY else names.set_name(row["set"]),
        )
        for row in told["labels"]
    ]  # fmt: skip
    return TableCard(
        _("What it learned from"), _("Label"),
        [Column(_("Products")), Column(_("Photos")), Column(_("of them only judge"))], rows,
        note=_("%(photos)s photos of %(products)s products") % {
            "photos": figure(told["photos"]), "products": figure(told["products"]),
        },
        foot=left_out_words(told["left_out"]),
    )  # fmt: skip


def joined_words(version: ModelVersion, names: Names) -> str:
    """Which categories count for the one above them."""
    joined = version.report.get("manifest", {}).get("joined", {})
    if not joined:
        return ""
    some = [f"{names.category(one)} → {names.category(into)}" for one, into in list(joined.items())[:5]]
    words = ngettext(
        "%(count)s category has too few products and counts for the one above: %(some)s",
        "%(count)s categories have too few products and count for the one above: %(some)s", len(joined),
    ) % {"count": figure(len(joined)), "some": ", ".join(some)}  # fmt: skip
    return words + ("…" if len(joined) > len(some) else "")


def versions(found: list[ModelVersion], shown: ModelVersion | None, pill: Any, link: tuple[Any, str]) -> TableCard:
    """Beside each other; `pill` makes a state of a version."""
    return TableCard(
        _("Versions"), _("Version"),
        [Column(_("State"), "word"), Column(_("Categories right")), Column(_("Mean F1")), Column(_("First three")),
         Column(_("Confidence off")), Column(_("Photos learned")), Column(_("Seconds"))],
        [
            TableRow(
                one.name,
                [pill(one), _metric(one, "accuracy"), figure(one.metrics.get("macro_f1", 0.0), 2), _metric(one, "top3"),
                 _metric(one, "ece"), figure(one.row_count), _seconds(one)],
                url=f"?{urlencode({'version': one.number})}", hint=ago(one.created_at), is_chosen=one == shown,
            )
            for one in found
        ],
        link=link,
    )  # fmt: skip


def _seconds(one: ModelVersion) -> str:
    return figure(round(one.report.get("engine", {}).get("cpu_seconds", 0)))


def _metric(one: ModelVersion, name: str) -> str:
    return percent(one.metrics[name]) if name in one.metrics else "–"


def comparison(version: ModelVersion) -> TableCard | None:
    """Candidate and live version on the same photos."""
    rows = version.report.get("compared", [])
    if not rows:
        return None
    before = version.report.get("compared_with", "")
    views = {
        "all": _("all photos kept apart"), "undecided": _("those that no decision of staff speaks of"),
        "labels": _("mean F1 of attributes"),
    }  # fmt: skip
    foot = _("Neither had learned from any of them. The last column: how likely so uneven a split is by chance alone "
             "(McNemar's exact test).")  # fmt: skip
    if any(row.get("is_worse") for row in rows):
        worse = _("It does not serve: it tells attributes worse than the live version, by more than chance.")
        foot = in_a_row(worse, foot)
    return TableCard(
        _("Beside %(version)s, on the same photos") % {"version": before}, _("Photos"),
        [Column(_("Number")), Column(version.name), Column(before), Column(_("only now right")),
         Column(_("only before right")), Column(_("could be chance"))],
        [
            TableRow(
                views.get(row["view"], row["view"]),
                [figure(row["photos"]), figure(row["candidate"], 2), figure(row["active"], 2), "–", "–", "–"]
                if row["view"] == "labels" else
                [figure(row["photos"]), percent(row["candidate"]), percent(row["active"]), figure(row["gained"]),
                 figure(row["lost"]), percent(row["p"])],
            )
            for row in rows
        ],
        foot=foot,
    )  # fmt: skip


def errors_chart(version: ModelVersion, names: Names) -> Chart | None:
    """The commonest confusions as bars."""
    wrong = [one for one in version.report.get("cells", []) if one["label"] != one["read"]]
    wrong = sorted(wrong, key=lambda one: (-one["photos"], one["label"], one["read"]))[:8]
    if len(wrong) < 2:
        return None
    labels_ = [f"{names.category(one['label'])} → {names.category(one['read'])}" for one in wrong]
    urls = [f"?{urlencode({'version': version.number, 'label': one['label'], 'read': one['read']})}" for one in wrong]
    return bar_chart(
        _("Most often confused: %(pair)s") % {"pair": labels_[0]}, labels_,
        [Line(_("Photos"), [one["photos"] for one in wrong])], first_head=_("It is → read as"), is_horizontal=True,
        urls=urls,
    )  # fmt: skip
