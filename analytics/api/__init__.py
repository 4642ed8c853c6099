"""Addresses of analytics below /api/v1/."""
