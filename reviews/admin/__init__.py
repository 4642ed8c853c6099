"""Staff pages about reviews."""

from reviews.admin import replies, reviews

__all__ = ["replies", "reviews"]
