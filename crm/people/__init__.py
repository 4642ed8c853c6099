"""Customers as people: records that may be one person, notes, worklists."""
