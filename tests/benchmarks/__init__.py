"""Model quality and speed on public data sets, against references in the same run."""
