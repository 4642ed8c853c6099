"""What a new installation asks for as soon as its workers run."""

from analytics.customers.choices import CHURN, VALUE
from catalog.models import Order
from core.jobs import enqueue
from core.models import ModelVersion

FIRST = ("analytics.tasks.score_customers", "analytics.tasks.forecast")


def ask() -> None:
    """Queue the first scores and forecasts of a shop that has paid orders and no model of its customers yet. Nobody
    waits for them: the shop opens meanwhile."""
    known = ModelVersion.objects.filter(kind__in=[VALUE.name, CHURN.name]).exists()
    if known or not Order.objects.filter(paid_at__isnull=False).exists():
        return
    for task in FIRST:
        enqueue(task, dedupe_key=f"schedule:{task}")
