"""Bringing a shop in from files: read and check row by row, stage with COPY, write with set-based SQL."""
