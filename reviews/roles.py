"""What roles may do with reviews (see core.roles)."""

from core.choices import Role
from core.roles import rights

MODERATE = "reviews.moderate_review"
SEEN = "reviews.view_review"

_SEEN = rights("reviews.review") | rights("reviews.reviewreply") | rights("reviews.replytemplate")
_EDITED = (
    _SEEN | {MODERATE} | rights("reviews.reviewreply", "add change delete")
    | rights("reviews.replytemplate", "add change delete") | rights("reviews.reviewreport")
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.EDITOR: _EDITED,
    Role.SUPPORT: _EDITED,
    Role.MERCHANDISER: set(_SEEN),
    Role.MARKETER: set(_SEEN),
    Role.ANALYST: set(_SEEN),
    Role.AUDITOR: set(_SEEN),
}
