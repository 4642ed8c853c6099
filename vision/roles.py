"""What roles may do with photos (see core.roles)."""

from core.choices import Role
from core.roles import rights

SEEN = "vision.view_imageanalysis"
DECIDE = "vision.decide_duplicates"

_SEEN = rights("vision.imageanalysis")

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MERCHANDISER: _SEEN | {DECIDE},
    Role.EDITOR: set(_SEEN),
    Role.MARKETER: set(_SEEN),
    Role.ANALYST: set(_SEEN),
    Role.AUDITOR: set(_SEEN),
}
