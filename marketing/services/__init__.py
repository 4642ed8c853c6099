"""What may be done with consent and messages."""

from marketing.services.consent import (
    Proof,
    Word,
    confirm,
    current,
    forget_unconfirmed,
    kept_id_of,
    language_of,
    page_proof,
    records_of,
    restrict,
    standing,
    suppress,
    tell,
    withdraw_all,
)
from marketing.services.waiting import end_requests

__all__ = [
    "Proof",
    "Word",
    "confirm",
    "current",
    "end_requests",
    "forget_unconfirmed",
    "kept_id_of",
    "language_of",
    "page_proof",
    "records_of",
    "restrict",
    "standing",
    "suppress",
    "tell",
    "withdraw_all",
]
