"""What every page shows in the same way: pills, scores, figures, dates and money. Templates use them through
`{% load staff %}`, admin classes call the functions."""

from core.components.figures import Figure, sparkline
from core.components.heat import HeatCell, HeatRow, heat
from core.components.pills import Meaning, pill
from core.components.ranges import Axis, Range, axis_of, range_chart
from core.components.scores import Explanation, Reason, Score, confidence_bar, score_badge
from core.components.tables import Column, TableCard, TableRow, linked
from core.components.toasts import toast
from core.components.words import ago, compact, figure, money, percent, when

__all__ = [
    "Axis",
    "Column",
    "Explanation",
    "Figure",
    "HeatCell",
    "HeatRow",
    "Meaning",
    "Range",
    "Reason",
    "Score",
    "TableCard",
    "TableRow",
    "ago",
    "axis_of",
    "compact",
    "confidence_bar",
    "figure",
    "heat",
    "linked",
    "money",
    "percent",
    "pill",
    "range_chart",
    "score_badge",
    "sparkline",
    "toast",
    "when",
]
