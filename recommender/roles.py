"""What roles may do with placements (see core.roles)."""

from core.choices import Role
from core.roles import rights

_TABLES = ("placement", "placementrule", "placementversion")
_SEEN = set().union(*(rights(f"recommender.{table}") for table in _TABLES))

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MERCHANDISER: set().union(*(rights(f"recommender.{table}", "view add change delete") for table in _TABLES[:2]))
    | _SEEN,
    Role.ANALYST: _SEEN,
    Role.MARKETER: _SEEN,
    Role.DEVELOPER: _SEEN,
    Role.AUDITOR: _SEEN,
}
