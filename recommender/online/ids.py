"""The signed ids that acts carry: whether they are ours, of what, and how long they may be credited."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from catalog.search import ids as search_ids
from core import attribution
from core.models import ExperimentArm
from recommender import tokens
from recommender.models import RefusedCredit
from recommender.trials import KIND

SKEW = timedelta(minutes=5)
"""Clocks of browsers are corrected only beyond some seconds, so an act may seem a little older than its list."""
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
STAFF_PREVIEW = "preview"
FORGED, FOREIGN = RefusedCredit.Reason.FORGED, RefusedCredit.Reason.FOREIGN


class Judged(NamedTuple):
    """A token. `refused` is empty for one that may be credited."""

    token: str
    refused: str
    placement: str = ""
    arm_id: int = 0
    source: str = ""
    version_id: int = 0
    made_at: datetime = LONG_AGO


@dataclass(frozen=True)
class Judge:
    """Knows which arms of experiments belong to which placement; judges each token once."""

    arms: dict[int, str]

    @classmethod
    def of_this_shop(cls) -> "Judge":
        own = ExperimentArm.objects.filter(experiment__kind=KIND).values_list("pk", "experiment__target")
        return cls(dict(own))

    def judge(self, token: str) -> Judged:
        """The age of a token is a matter of the act that carries it (`is_within`)."""
        found = tokens.read(token, at=LONG_AGO)
        if found is None:
            of_search = attribution.read(token, salt=search_ids.SALT, parts=1, at=LONG_AGO)
            return Judged(token, FOREIGN if of_search is not None else FORGED)
        if found.placement == STAFF_PREVIEW or (found.arm_id and self.arms.get(found.arm_id) != found.placement):
            return Judged(token, FOREIGN)
        return Judged(token, "", found.placement, found.arm_id, found.source, found.version_id, found.made_at)

    def judge_all(self, some: Iterable[str]) -> list[Judged]:
        return [self.judge(token) for token in some]


def is_within(made_at: datetime, moment: datetime, window: timedelta) -> bool:
    """Whether an act at that moment may be credited to a list of `made_at`."""
    return made_at - SKEW <= moment <= made_at + window
