"""What roles may do with figures, segments and forecasts (see core.roles)."""

from core.choices import Role
from core.roles import rights

FIGURES = "analytics.view_dailysales"
"""Who may see what the shop sold, by day, product and cohort."""
PEOPLE = "analytics.view_customerstats"
"""Who may see figures and scores of single customers."""

_FIGURES = rights("analytics.dailysales")
_PEOPLE = rights("analytics.customerstats") | rights("analytics.customerscore")

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.ANALYST: _FIGURES | _PEOPLE | rights("analytics.factscheck"),
    Role.MARKETER: _FIGURES | _PEOPLE,
    Role.MERCHANDISER: set(_FIGURES),
    Role.OPERATOR: rights("analytics.factscheck"),
    Role.AUDITOR: _FIGURES | rights("analytics.factscheck"),
}
