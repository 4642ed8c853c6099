"""What roles may do with reviews (see core.roles)."""

from core.choices import Role
from core.roles import rights

MODERATE = "reviews.moderate_review"
SEEN = "reviews.view_review"
PUBLISH = "reviews.publish_article"
ANSWERS = "reviews.view_intent"
LEARN = "reviews.change_intent"

CORRECT = "reviews.correct_reading"
READINGS_SEEN = "reviews.view_reviewreading"
CHOOSE_ENGINE = "reviews.change_readingsettings"

_ANSWERS_SEEN = rights("reviews.intent") | rights("reviews.intentexample") | rights("reviews.article")
_ANSWERS = (
    rights("reviews.intent", "add change delete") | rights("reviews.intentexample", "add change delete")
    | rights("reviews.article", "add change delete") | {PUBLISH}
)  # fmt: skip
_SEEN = _ANSWERS_SEEN | (
    rights("reviews.review") | rights("reviews.reviewreply") | rights("reviews.replytemplate")
    | rights("reviews.reviewreading") | rights("reviews.qualitysample")
    | rights("reviews.aspect") | rights("reviews.aspectterm")
)  # fmt: skip
_DICTIONARY = rights("reviews.aspect", "add change") | rights("reviews.aspectterm", "add change delete")
_EDITED = (
    _SEEN | {MODERATE, CORRECT} | rights("reviews.reviewreply", "add change delete")
    | rights("reviews.replytemplate", "add change delete") | rights("reviews.reviewreport")
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.EDITOR: _EDITED | _DICTIONARY | _ANSWERS,
    Role.SUPPORT: _EDITED | _ANSWERS,
    Role.MERCHANDISER: _SEEN | _DICTIONARY,
    Role.MARKETER: set(_SEEN),
    Role.ANALYST: _SEEN | _DICTIONARY | {CORRECT, CHOOSE_ENGINE},
    Role.AUDITOR: set(_SEEN),
}
