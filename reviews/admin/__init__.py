"""Staff pages about reviews."""

from reviews.admin import articles, corrections, dictionary, follow_ups, intents, replies, reviews

__all__ = ["articles", "corrections", "dictionary", "follow_ups", "intents", "replies", "reviews"]
