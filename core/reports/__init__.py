"""What every page of figures needs: the days an address asks for and those it is compared with, a chart with its table
twin, and the table as a file that the ledger knows of."""

from core.reports.charts import Chart, Line, bar_chart, line_chart
from core.reports.files import csv_answer
from core.reports.periods import PRESETS, Choice, Comparison, Period, preset_days

__all__ = [
    "PRESETS",
    "Chart",
    "Choice",
    "Comparison",
    "Line",
    "Period",
    "bar_chart",
    "csv_answer",
    "line_chart",
    "preset_days",
]
