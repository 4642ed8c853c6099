"""Faults that the whole product survives: each is injected into an installation of its own."""
