"""The id of a recommendation: signed, so that a later click can be credited without storing a row."""

from dataclasses import dataclass
from datetime import datetime

from core import attribution

SALT = "zhanggui.recommendation"


@dataclass(frozen=True)
class RecommendationId:
    """What the token carries. `version_id` is 0 when no model answered, `arm_id` outside experiments."""

    placement: str
    version_id: int
    made_at: datetime
    arm_id: int = 0


def make(*, placement: str, version_id: int, arm_id: int = 0) -> str:
    """A token without personal data. Signing proves that this shop made it."""
    return attribution.make([placement, format(version_id, "x"), format(arm_id, "x")], salt=SALT)


def read(token: str) -> RecommendationId | None:
    """None when the token is not ours or too old to be credited."""
    found = attribution.read(token, salt=SALT, parts=3)
    if found is None:
        return None
    (placement, version, arm), made_at = found
    return RecommendationId(placement, int(version, 16), made_at, int(arm, 16))
