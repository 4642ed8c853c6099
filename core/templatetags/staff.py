"""Components for templates: `{% load staff %}`. What they promise stands at the functions they call."""

from typing import Any

from django import template

from core import components
from core.components.scores import explanation_button
from core.components.words import duration as duration_text
from core.components.words import plain as plain_text

register = template.Library()

register.simple_tag(components.pill, name="pill")
register.simple_tag(components.score_badge, name="score_badge")
register.simple_tag(components.confidence_bar, name="confidence")
register.simple_tag(components.sparkline, name="sparkline")
register.simple_tag(explanation_button, name="why")

register.filter("money", components.money)
register.filter("figure", components.figure)
register.filter("compact", components.compact)
register.filter("percent", components.percent)
register.filter("when", components.when)
register.filter("ago", components.ago)
register.filter("duration", duration_text)
register.filter("plain", plain_text)


@register.inclusion_tag("core/components/progress.html")
def job_progress(job: Any) -> dict[str, Any]:
    """The bar of a Job. Asks again every two seconds while the job is active and the page is visible."""
    return {"job": job}


@register.inclusion_tag("core/components/empty.html")
def empty(
    title: Any,
    text: Any = "",
    label: Any = "",
    url: str = "",
    more_label: Any = "",
    more_url: str = "",
    icon: str = "inbox",
) -> dict[str, Any]:
    """Why it is empty, what will be here, one button, one link to learn."""
    return {
        "title": title, "text": text, "label": label, "url": url, "more_label": more_label, "more_url": more_url,
        "icon": icon,
    }  # fmt: skip


@register.inclusion_tag("core/components/figure.html")
def figure_card(figure: components.Figure) -> dict[str, Any]:
    """A large value, how it compares, and its line."""
    return {"figure": figure}


@register.simple_tag
def pick(mapping: Any, key: Any) -> Any:
    """The value of a dictionary under a key that is itself a variable."""
    return mapping.get(key, "") if mapping else ""
