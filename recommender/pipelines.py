"""Fetch, learn, judge, publish."""
