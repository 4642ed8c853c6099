"""What reviews announce. Sent after the commit; receivers do one thing: queue a job."""

from typing import Any

from django.db import transaction
from django.dispatch import Signal

review_submitted = Signal()
"""`review_id`. A customer wrote one; it waits for a member of staff."""

review_published = Signal()
"""`review_id`. Everybody can read it now."""

review_withdrawn = Signal()
"""`review_id`. Nobody outside can read it any more."""

review_read = Signal()
"""`review_ids`. These were read: by a model for the first time, by a new version, or after their text changed."""

review_judged_negative = Signal()
"""`review_id`. It became negative or mixed, with three stars or fewer: somebody is unhappy."""
UNHAPPY = frozenset({"negative", "mixed"})
UNHAPPY_STARS = 3
"""With more stars, a complaint is one among praise."""

follow_up_wanted = Signal()
"""`review_id`. Its customer is on the list of unhappy customers now, or again; never sent for a control group."""


def announce(signal: Signal, **facts: Any) -> None:
    """Send after this transaction. A receiver that fails is logged and does not undo what was committed."""
    sender: Any = None
    transaction.on_commit(lambda: signal.send_robust(sender=sender, **facts), robust=True)


def announce_unhappy(review_id: int, *, stars: int, before: str, after: str) -> None:
    """Say that somebody with few stars is unhappy: when the review becomes negative or mixed, not while it stays so."""
    if after in UNHAPPY and before not in UNHAPPY and stars <= UNHAPPY_STARS:
        announce(review_judged_negative, review_id=review_id)
