"""What roles may do with photos (see core.roles)."""

from core.choices import Role
from core.roles import rights

SEEN = "vision.view_imageanalysis"
DECIDE = "vision.decide_duplicates"
TAGS_SEEN = "vision.view_tagsuggestion"
REVIEW_TAGS = "vision.review_tags"
EDIT_LABELS = "vision.change_label"
READINGS_SEEN = "vision.view_imagereading"
LEARN = "vision.change_visionsettings"

_SEEN = (
    rights("vision.imageanalysis") | rights("vision.imagereading") | rights("vision.labelset") | rights("vision.label")
    | {TAGS_SEEN}
)  # fmt: skip
_LABELS = rights("vision.labelset", "add change") | rights("vision.label", "add change")

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.MERCHANDISER: _SEEN | _LABELS | {DECIDE, REVIEW_TAGS, LEARN},
    Role.EDITOR: _SEEN | {REVIEW_TAGS},
    Role.MARKETER: set(_SEEN),
    Role.ANALYST: _SEEN | {LEARN},
    Role.AUDITOR: set(_SEEN),
}
