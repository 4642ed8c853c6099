"""Metrics: `count` what happens, wherever it happens; `/metrics` tells it to Prometheus (core.metrics.page)."""

from core.metrics.counting import Counters

counters = Counters()


def count(name: str, amount: float = 1, **labels: str) -> None:
    """Add to a counter named in `core.metrics.families.COUNTERS`. A dictionary in memory: no waiting, no errors."""
    counters.add(name, amount, labels)


def count_request(path: str, status: int, seconds: float) -> None:
    """One answered request, by area and class of status: addresses hold ids, areas do not."""
    area = "api" if path.startswith("/api/") else "staff" if path.startswith("/admin/") else "other"
    count("http_requests", area=area, status=f"{status // 100}xx")
    count("http_request_seconds", seconds, area=area)
    if status == 429:
        count("http_throttled", area=area)
