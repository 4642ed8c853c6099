"""What the shop answers by itself: intents with their examples, articles, and the shop's facts in them."""
