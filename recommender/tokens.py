"""The id of a recommendation: signed, so that a later click can be credited without storing a row."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.core import signing
from django.utils import timezone

SALT = "zhanggui.recommendation"
MAX_AGE_DAYS = 30


@dataclass(frozen=True)
class RecommendationId:
    """What the token carries. `version_id` is 0 when no model answered, `arm_id` outside experiments."""

    placement: str
    version_id: int
    made_at: datetime
    arm_id: int = 0


def make(*, placement: str, version_id: int, arm_id: int = 0) -> str:
    """A token without personal data. Signing proves that this shop made it."""
    stamp = format(int(timezone.now().timestamp()), "x")
    arm = f".{arm_id:x}" if arm_id else ""
    return signing.Signer(salt=SALT).sign(f"{placement}.{version_id:x}.{stamp}{arm}")


def read(token: str) -> RecommendationId | None:
    """None when the token is not ours or too old to be credited."""
    try:
        placement, version, stamp, *arm = signing.Signer(salt=SALT).unsign(token).split(".")
    except (signing.BadSignature, ValueError):
        return None
    made_at = datetime.fromtimestamp(int(stamp, 16), UTC)
    if (timezone.now() - made_at).days > MAX_AGE_DAYS:
        return None
    return RecommendationId(placement, int(version, 16), made_at, int(arm[0], 16) if arm else 0)
