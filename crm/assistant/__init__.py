"""Answers customers at once where the shop knows, and steps aside where a person is needed."""
