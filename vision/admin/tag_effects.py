"""Staff page "What tags do": how many given tags are right, what they did for search, whether to learn again."""

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from core.components import figure, percent
from core.extensions import model_kinds
from vision import asking, tag_effects
from vision.admin.tag_queue import crumbs
from vision.choices import VISION
from vision.roles import REVIEW_TAGS
from vision.tag_effects import Checked, SearchEffect, Served

DAYS = 28
MOST_ROWS = 50
LEAST_LOOKED_AT = 20


def page(request: HttpRequest) -> HttpResponse:
    """Of the last 28 days."""
    until = timezone.now()
    effect = tag_effects.on_search(until - timedelta(days=DAYS), until)
    checked, news = tag_effects.checked(), asking.new_decisions()
    may_train = VISION.name in model_kinds and request.user.has_perm("core.view_modelversion")
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("What tags do"),
        "page_title": _answer(effect),
        "crumbs": crumbs(),
        "checked": [_checked_row(one) for one in checked],
        "total": _checked_words(checked),
        "new": [_served_row(one) for one in effect.new[:MOST_ROWS]],
        "served": [_served_row(one) for one in effect.queries[:MOST_ROWS]],
        "news": figure(news),
        "enough": figure(asking.DECISIONS),
        "train_url": f"{reverse('admin:core_modelversion_changelist')}?{urlencode({'kind': VISION.name})}"
        if may_train and news >= asking.DECISIONS else "",
        "sample_url": f"{reverse('admin:vision_queue')}?show=sample" if request.user.has_perm(REVIEW_TAGS) else "",
    }  # fmt: skip
    return render(request, "admin/vision/tag_effects.html", context)


def _answer(effect: SearchEffect) -> str:
    """The page in one sentence."""
    if not effect.searches:
        return _("Nobody searched in the last %(days)s days") % {"days": DAYS}
    return _("%(share)s of %(searches)s searches name a tag from photos; %(new)s queries find something since") % {
        "share": percent(effect.served / effect.searches), "searches": figure(effect.searches),
        "new": figure(len(effect.new)),
    }  # fmt: skip


def _range(one: Checked) -> str:
    if one.looked_at < LEAST_LOOKED_AT:
        return _("not yet: needs %(least)s, has %(count)s") % {"least": LEAST_LOOKED_AT, "count": one.looked_at}
    low, high = one.range
    return _("%(share)s (likely %(low)s to %(high)s)") % {
        "share": percent(one.right / one.looked_at), "low": percent(low), "high": percent(high),
    }  # fmt: skip


def _checked_row(one: Checked) -> dict[str, Any]:
    return {
        "label": one.label.name, "label_set": one.label.label_set.name, "applied": figure(one.applied),
        "looked_at": figure(one.looked_at), "right": _range(one),
    }  # fmt: skip


def _checked_words(rows: list[Checked]) -> str:
    if not rows:
        return ""
    applied, looked_at, right = (sum(getattr(row, name) for row in rows) for name in ("applied", "looked_at", "right"))
    whole = Checked(rows[0].label, applied, looked_at, right)
    return _("%(applied)s tags given without a person; right: %(right)s") % {
        "applied": figure(whole.applied), "right": _range(whole),
    }  # fmt: skip


def _served_row(one: Served) -> dict[str, Any]:
    return {
        "query": one.query.text, "searches": figure(one.query.searches), "label": one.label.name,
        "products": figure(one.products), "results": figure(one.query.results),
        "without": figure(one.query.without_result),
    }  # fmt: skip
