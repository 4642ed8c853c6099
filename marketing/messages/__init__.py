"""What messages say: fields that are filled in, checks before anybody gets them, and both parts of a mail."""

from marketing.messages.checks import Finding, check
from marketing.messages.rendering import NO_PICKS, Frozen, Picks, Rendered, freeze, frozen_of, render
from marketing.messages.tags import OFFER_TAGS, TAGS, BadMessage, tags_in

__all__ = [
    "NO_PICKS",
    "OFFER_TAGS",
    "TAGS",
    "BadMessage",
    "Finding",
    "Frozen",
    "Picks",
    "Rendered",
    "check",
    "freeze",
    "frozen_of",
    "render",
    "tags_in",
]
