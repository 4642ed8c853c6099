"""What the home page gets from reports: its revenue leads to the page of sales."""

from django.http import HttpRequest
from django.urls import reverse

from analytics.roles import FIGURES
from core.dashboard import Card


def card(request: HttpRequest) -> Card | None:
    """No query, and no second figure of the same money; None without the right to see figures."""
    if not request.user.has_perm(FIGURES):
        return None
    return Card(leads={"revenue": reverse("admin:analytics_sales")})
