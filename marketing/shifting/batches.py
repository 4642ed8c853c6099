"""In which batch somebody gets a message, and whether by fixed shares: decided by HMAC when a campaign is planned.

The first batch tells the versions apart, so nobody of it is shifted. Of each later one a fifth keeps the fixed shares,
against whom the others are counted (marketing.shifting.selectors).
"""

from datetime import timedelta

from core.ml.experiments import share_of
from marketing.models import Campaign, Recipient

Split = Recipient.Split
BATCHES = 5
FIRST_SHARE = 0.2
FEWEST_FIRST = 500
"""People of the first batch at least; a campaign to no more than so many has no other."""
CONTROL_SHARE = 0.2
"""Of each later batch, so many keep the fixed shares."""


class Batches:
    """`people`: how many may get the campaign."""

    def __init__(self, campaign: Campaign, people: int) -> None:
        self.first = min(1.0, max(FIRST_SHARE, FEWEST_FIRST / max(people, 1)))
        self.every = timedelta(hours=campaign.shift_hours)
        self.salts = (f"{campaign.salt}:batch".encode(), f"{campaign.salt}:split".encode())

    def of(self, public_id: str) -> int:
        """The batch, from 1."""
        place = share_of(self.salts[0], public_id)
        if place < self.first:
            return 1
        return min(BATCHES, 2 + int((place - self.first) / (1 - self.first) * (BATCHES - 1)))

    def split_of(self, public_id: str, batch: int) -> str:
        if batch == 1:
            return Split.FIRST
        return Split.FIXED if share_of(self.salts[1], public_id) < CONTROL_SHARE else Split.SHIFTED

    def wait(self, batch: int) -> timedelta:
        """After the planned moment. A batch that is let go later moves its messages with it."""
        return (batch - 1) * self.every
