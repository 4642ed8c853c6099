"""What roles may do with figures, segments and forecasts (see core.roles)."""

from core.choices import Role
from core.roles import rights

FIGURES = "analytics.view_dailysales"
"""Who may see what the shop sold, by day, product and cohort."""
PEOPLE = "analytics.view_customerstats"
"""Who may see figures and scores of single customers."""

_FIGURES = rights("analytics.dailysales") | rights("analytics.forecast") | rights("analytics.anomaly")
_DECISIONS = rights("analytics.anomaly", "change")
_SEGMENTS_SEEN = rights("analytics.segment")
_SEGMENTS = rights("analytics.segment", "view add change")
_DATA = rights("analytics.factscheck") | rights("analytics.dataqualityreport")
_PEOPLE = (
    rights("analytics.customerstats") | rights("analytics.customerscore") | rights("analytics.scorerun")
    | rights("analytics.scorecheck")
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.ANALYST: _FIGURES | _PEOPLE | _DECISIONS | _SEGMENTS | _DATA,
    Role.MARKETER: _FIGURES | _PEOPLE | _SEGMENTS,
    Role.MERCHANDISER: _FIGURES | _DECISIONS | _SEGMENTS_SEEN,
    Role.SUPPORT: set(_SEGMENTS_SEEN),
    Role.OPERATOR: set(_DATA),
    Role.AUDITOR: _FIGURES | _SEGMENTS_SEEN | _DATA,
}
