"""One function for each thing that can be done with reviews."""

from reviews.services.aspects import correct_aspect, undo_aspect
from reviews.services.moderation import Decision, close_reports, publish, put_back, reject, undo_decision
from reviews.services.photos import add_photo, judge_photo, remove_photo
from reviews.services.readings import Correction, correct, undo_correction
from reviews.services.replies import draft_reply, fill_template, remove_reply, send_reply, unknown_tags
from reviews.services.submission import NewReview, remove_review, submit_review
from reviews.services.summaries import hide_quote, note_changed, show_quote
from reviews.services.voices import Voice, report_review, take_vote_back, vote_helpful

__all__ = [
    "Correction",
    "Decision",
    "NewReview",
    "Voice",
    "add_photo",
    "close_reports",
    "correct",
    "correct_aspect",
    "draft_reply",
    "fill_template",
    "hide_quote",
    "judge_photo",
    "note_changed",
    "publish",
    "put_back",
    "reject",
    "remove_photo",
    "remove_reply",
    "remove_review",
    "report_review",
    "send_reply",
    "show_quote",
    "submit_review",
    "take_vote_back",
    "undo_aspect",
    "undo_correction",
    "undo_decision",
    "unknown_tags",
    "vote_helpful",
]
