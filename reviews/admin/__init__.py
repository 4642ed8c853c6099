"""Staff pages about reviews."""

from reviews.admin import dictionary, replies, reviews

__all__ = ["dictionary", "replies", "reviews"]
