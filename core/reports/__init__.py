"""What every page of figures needs: the days an address asks for and those it is compared with, and charts with
their tables."""

from core.reports.charts import Chart, Line, bar_chart, line_chart
from core.reports.periods import PRESETS, Choice, Comparison, Period, preset_days

__all__ = [
    "PRESETS",
    "Chart",
    "Choice",
    "Comparison",
    "Line",
    "Period",
    "bar_chart",
    "line_chart",
    "preset_days",
]
