"""Staff pages about reviews."""

from reviews.admin import articles, dictionary, follow_ups, intents, replies, reviews

__all__ = ["articles", "dictionary", "follow_ups", "intents", "replies", "reviews"]
