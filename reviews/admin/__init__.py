"""Staff pages about reviews."""

from reviews.admin import articles, dictionary, intents, replies, reviews

__all__ = ["articles", "dictionary", "intents", "replies", "reviews"]
