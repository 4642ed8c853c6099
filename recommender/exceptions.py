"""Why the recommender says no."""

from core.exceptions import BadInput, DomainError


class BadPlacement(BadInput):
    """What was asked for does not fit together."""

    code = "bad_placement"


class ChangedMeanwhile(DomainError):
    """Somebody else saved the placement since it was read."""

    code = "changed_meanwhile"
