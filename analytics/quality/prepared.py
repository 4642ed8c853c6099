"""What models of customers do with the columns that they learn from, as the version that serves says itself."""

from typing import Any

from analytics.segments.clustering import CLUSTERS
from core.models import ModelVersion


def columns() -> list[dict[str, Any]]:
    """Each column of the clusters that serve: what was missing and far off when they were learned, and what is done
    about it. Empty without clusters. One query."""
    version = ModelVersion.objects.of(CLUSTERS.name).active().first()
    return list(version.report.get("preparation", [])) if version is not None else []
