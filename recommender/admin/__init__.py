"""Staff pages of the recommender."""

from recommender.admin import placements

__all__ = ["placements"]
