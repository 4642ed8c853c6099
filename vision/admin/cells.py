"""How photos look in lists, cards and panels. Pure: everything shown was read before."""

from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from catalog.admin import cells
from core.components import Meaning, percent, pill
from vision.choices import ADVICE, PLAIN, ColourName, Issue
from vision.models import ImageAnalysis

SHOWN_COLOURS = 4
SWATCH = '<span><svg viewBox="0 0 1 1" aria-hidden="true"><rect width="1" height="1" fill="{}"/></svg>{} {}</span>'


def faults(analysis: ImageAnalysis) -> SafeString:
    """One pill each, with what to do about it; good photos say so."""
    if not analysis.issues:
        return pill(Meaning.GOOD, _("no faults"))
    found = [(ADVICE[one], pill(_meaning(one), one.label)) for one in map(Issue, analysis.issues)]
    return format_html('<span class="vis-faults">{}</span>', format_html_join("", '<span title="{}">{}</span>', found))


def _meaning(issue: Issue) -> Meaning:
    return Meaning.STOPPED if issue == Issue.UNREADABLE else Meaning.WAITING


def colours(analysis: ImageAnalysis) -> Any:
    """Swatches with names and shares; a screen reader hears the words alone."""
    if not analysis.colours:
        return cells.NOTHING
    rows = [
        (one["code"], ColourName(one["name"]).label, percent(one["share"])) for one in analysis.colours[:SHOWN_COLOURS]
    ]
    return format_html('<span class="vis-colours">{}</span>', format_html_join("", SWATCH, rows))


def size(width: int, height: int) -> SafeString:
    return cells.number(f"{width} × {height}" if width and height else cells.NOTHING)


def ground(analysis: ImageAnalysis) -> Any:
    """What the product lies on."""
    if analysis.evenness is None:
        return cells.NOTHING
    if analysis.has_white_ground:
        return _("white")
    if Issue.BUSY in analysis.issues:
        return _("restless")
    return _("plain") if analysis.evenness >= PLAIN else _("mixed")
