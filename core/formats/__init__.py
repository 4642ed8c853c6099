"""Dates and numbers as the staff pages write them, per language; see FORMAT_MODULE_PATH."""
