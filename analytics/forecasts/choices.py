"""How far forecasts look, and what they need."""

FEWEST_DAYS = 56
"""Eight weeks: with fewer nothing is forecast."""
HORIZON = 28
"""Days ahead, for a series long enough to try four such windows."""
SHORT_HORIZON = 14
SEASON = WEEK = 7
