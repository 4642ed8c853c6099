"""The id of a recommendation: signed, so that a later click can be credited without storing a row."""

from dataclasses import dataclass
from datetime import datetime

from core import attribution

SALT = "zhanggui.recommendation"


@dataclass(frozen=True)
class RecommendationId:
    """What the token carries. `version_id` is 0 when no model answered, `arm_id` outside experiments; `source` is the
    best step of the chain that the answer used, empty in tokens made before it was kept."""

    placement: str
    version_id: int
    made_at: datetime
    arm_id: int = 0
    source: str = ""


def make(*, placement: str, version_id: int, arm_id: int = 0, source: str = "") -> str:
    """A token without personal data. Signing proves that this shop made it."""
    return attribution.make([placement, format(version_id, "x"), format(arm_id, "x"), source], salt=SALT)


def read(token: str, *, at: datetime | None = None) -> RecommendationId | None:
    """None when the token is not ours or was too old to be credited `at` that moment, by default now."""
    found = attribution.read(token, salt=SALT, parts=4, at=at)
    if found is None:
        return _without_source(token, at)
    (placement, version, arm, source), made_at = found
    return RecommendationId(placement, int(version, 16), made_at, int(arm, 16), source)


def _without_source(token: str, at: datetime | None) -> RecommendationId | None:
    """Tokens that browsers still hold from before an upgrade."""
    found = attribution.read(token, salt=SALT, parts=3, at=at)
    if found is None:
        return None
    (placement, version, arm), made_at = found
    return RecommendationId(placement, int(version, 16), made_at, int(arm, 16))
