"""Addresses of reviews below /api/v1/."""
