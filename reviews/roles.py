"""What roles may do with reviews (see core.roles)."""

from core.choices import Role
from core.roles import rights

MODERATE = "reviews.moderate_review"
SEEN = "reviews.view_review"
PUBLISH = "reviews.publish_article"
ANSWERS = "reviews.view_intent"
LEARN = "reviews.change_intent"

SUSPICION = "reviews.view_suspicionscore"
HIDE_QUOTE = "reviews.hide_quote"
CORRECT = "reviews.correct_reading"
READINGS_SEEN = "reviews.view_reviewreading"
CHOOSE_ENGINE = "reviews.change_readingsettings"

FOLLOW_UP_SEEN = "reviews.view_followup"
FOLLOW_UP = "reviews.change_followup"
RENAME_TOPICS = "reviews.change_topic"
_ANSWERS_SEEN = rights("reviews.intent") | rights("reviews.intentexample") | rights("reviews.article")
_ANSWERS = (
    rights("reviews.intent", "add change delete") | rights("reviews.intentexample", "add change delete")
    | rights("reviews.article", "add change delete") | {PUBLISH}
)  # fmt: skip
_SEEN = _ANSWERS_SEEN | (
    rights("reviews.review") | rights("reviews.reviewreply") | rights("reviews.replytemplate")
    | rights("reviews.reviewreading") | rights("reviews.reviewlabel") | rights("reviews.qualitysample")
    | rights("reviews.aspect") | rights("reviews.aspectterm") | rights("reviews.topic") | rights("reviews.reviewtrend")
)  # fmt: skip
_DICTIONARY = rights("reviews.aspect", "add change") | rights("reviews.aspectterm", "add change delete")
_UNHAPPY = {FOLLOW_UP_SEEN, FOLLOW_UP}
_EDITED = (
    _SEEN | {MODERATE, CORRECT, SUSPICION, HIDE_QUOTE} | rights("reviews.reviewreply", "add change delete")
    | rights("reviews.replytemplate", "add change delete") | rights("reviews.reviewreport")
)  # fmt: skip

ROLE_PERMISSIONS: dict[Role, set[str]] = {
    Role.EDITOR: _EDITED | _DICTIONARY | _ANSWERS | {RENAME_TOPICS, FOLLOW_UP_SEEN},
    Role.SUPPORT: _EDITED | _ANSWERS | _UNHAPPY,
    Role.MERCHANDISER: _SEEN | _DICTIONARY | {RENAME_TOPICS},
    Role.MARKETER: _SEEN | {FOLLOW_UP_SEEN},
    Role.ANALYST: _SEEN | _DICTIONARY | {CORRECT, CHOOSE_ENGINE, RENAME_TOPICS, FOLLOW_UP_SEEN},
    Role.AUDITOR: _SEEN | {FOLLOW_UP_SEEN, SUSPICION},
}
