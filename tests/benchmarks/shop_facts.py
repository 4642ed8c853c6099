"""Run in a process of the product on a shop for measuring: prints what to ask for and how many queries it costs."""

import json
import os
import sys
import uuid
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

ANALYTICS = {
    "sales": "sales/",
    "sales, a year": "sales/?within=year&against=year",
    "sales, who bought": "sales/?part=buyers",
    "products": "products/",
    "products, a year": "products/?within=year&against=year",
    "products, categories": "products/?show=categories",
    "products, price bands": "products/?show=prices",
    "products, baskets": "products/?show=baskets",
    "cohorts": "cohorts/",
    "cohorts, weeks": "cohorts/?by=week",
    "funnel": "funnel/",
    "live": "live/",
    "customers": "customers/",
    "forecast": "forecast/",
    "unusual days": "anomalies/",
    "impact": "impact/",
    "data quality": "quality/",
    "segments": "segment/",
}
"""Pages of figures, with addresses below /admin/analytics/."""
REVIEWS = {
    "what customers say": "aspects/",
    "what customers say, a year": "aspects/?within=year&against=year",
    "what customers say, products": "aspects/?show=products",
    "what customers say, categories": "aspects/?show=categories",
    "behind a number": "aspects/reviews/?aspect=quality&polarity=negative",
    "to check": "queue/",
    "suspicious": "queue/?show=suspicious",
    "list": "review/",
    "list, negative": "review/?sentiment=negative",
    "list, a Chinese word": "review/?q=%E8%B4%A8%E9%87%8F",
    "list, an English word": "review/?q=quality",
    "quality": "quality/",
    "trends": "trends/",
    "follow-up": "followup/",
    "aspects": "aspect/",
    "suggested terms": "terms/",
    "questions and answers": "answers/",
}
"""Pages about reviews, with addresses below /admin/reviews/."""
MOST_CLICKS = 4_000
DESK = {
    "inbox": "inbox/",
    "inbox, done": "inbox/?view=done",
    "inbox, due soon": "inbox/?view=late",
    "inbox, a word": "inbox/?q=teapot",
    "inbox, a Chinese word": "inbox/?q=%E8%8C%B6%E5%A3%B6",
    "inbox, one conversation": "inbox/?ticket={ticket}",
    "inbox, beside it": "inbox/side/?ticket={ticket}",
    "inbox, texts": "inbox/texts/?ticket={ticket}",
    "inbox, what changed": "inbox/changes/?ticket={ticket}",
    "tickets": "ticket/",
    "tickets, missed": "ticket/?target=missed",
    "tickets, a word": "ticket/?q=teapot",
    "report": "service-report/",
}
"""Pages of support, with addresses below /admin/crm/."""


CALLS = 3
FRESH = {"recommendations, a visitor not seen of late", "recommendations, unknown visitor"}
"""Addresses that are somebody else's with each call: whoever comes again is remembered for a second."""


def main() -> None:
    import django

    django.setup()
    if "index" in sys.argv or "train" in sys.argv:
        from core.jobs import run_now

        run_now("catalog.tasks.rebuild_search" if "index" in sys.argv else "recommender.tasks.train")
        return
    from django.conf import settings
    from django.db import connection
    from django.test import Client

    from catalog import kept
    from catalog.models import Category, Product
    from core.choices import Role
    from core.models import ApiKey, StaffUser
    from tests.factories import ApiKeyFactory, StaffUserFactory

    settings.ALLOWED_HOSTS = ["*"]
    while kept.refresh(quiet=0.0):  # as the job did long ago in a shop that is open
        pass
    ApiKey.objects.filter(name="bench").delete()
    key = ApiKeyFactory.create(name="bench").value
    owner = StaffUser.objects.filter(username="bench").first() or StaffUserFactory.create(
        username="bench", is_superuser=True, role=Role.OWNER
    )
    client = Client()
    client.force_login(owner)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT v.key FROM catalog_visitor v JOIN catalog_interaction i ON i.visitor_id = v.id"
            " WHERE i.customer_id IS NULL AND v.may_track GROUP BY v.key HAVING count(*) > 4 ORDER BY v.key LIMIT 2000"
        )
        known = [visitor for (visitor,) in cursor.fetchall()]
    products = list(Product.objects.sellable().order_by("pk").values_list("public_id", flat=True)[:200])
    customer, ticket = _oftenest(), _longest()
    facts: dict[str, Any] = {
        "model": _model(), "customer": customer, "ticket": ticket, "key": key, "visitors": known[:50],
        "others": known[50:],
        "products": products, "clicks": _tracked(), "judged": _judged(),
        "departments": [one.public_id for one in Category.objects.filter(depth=1).order_by("pk")],
        "session": client.cookies[settings.SESSION_COOKIE_NAME].value, "cookie": settings.SESSION_COOKIE_NAME,
    }  # fmt: skip
    turns = [targets(facts, turn) for turn in range(CALLS)]
    facts["queries"] = {
        name: _queries(client, key, [turn[name] for turn in turns] if name in FRESH else [turns[0][name]] * CALLS)
        for name in asked_for(turns[0], sys.argv[1:])
    }
    print(json.dumps(facts))


def asked_for(names: Iterable[str], only: Sequence[str]) -> list[str]:
    """Those that hold one of the words; all without words."""
    return [name for name in names if not only or any(word in name for word in only)]


def targets(facts: dict[str, Any], turn: int) -> dict[str, tuple[str, Any]]:
    """Address of what is measured and what makes its body; `turn` goes through people and products."""
    product = facts["products"][turn % len(facts["products"])]
    visitor = facts["visitors"][turn % len(facts["visitors"])]
    other = facts["others"][turn % len(facts["others"])]
    english, chinese = (words[turn % len(words)] for words in (facts["judged"]["en"], facts["judged"]["zh"]))
    department = facts["departments"][turn % len(facts["departments"])]

    def events(count: int) -> dict[str, Any]:
        return {
            "events": [
                {"event_id": str(uuid.uuid4()), "kind": "view", "product": product, "visitor": visitor}
                for _number in range(count)
            ]
        }

    return {
        "recommendations": (f"/api/v1/recommendations?visitor={visitor}", None),
        "recommendations, a visitor not seen of late": (f"/api/v1/recommendations?visitor={other}", None),
        "recommendations, unknown visitor": (f"/api/v1/recommendations?visitor=nobody-{turn}", None),
        "search, English": (f"/api/v1/search?q={quote(english)}&lang=en", None),
        "search, Chinese": (f"/api/v1/search?q={quote(chinese)}&lang=zh-hans", None),
        "search, everything": ("/api/v1/search?q=", None),
        "search, a department": (f"/api/v1/search?category={department}", None),
        "suggestions": (f"/api/v1/search/suggestions?q={quote(english[: 2 + turn % 4])}&lang=en", None),
        "suggestions, Chinese": (f"/api/v1/search/suggestions?q={quote(chinese[:1])}&lang=zh-hans", None),
        "product": (f"/api/v1/products/{product}", None),
        "product list": ("/api/v1/products?limit=20", None),
        "tracked click": (facts["clicks"][turn % len(facts["clicks"])], None),
        "single event": ("/api/v1/events", partial(events, 1)),
        "100 events": ("/api/v1/events", partial(events, 100)),
        "admin: products": ("/admin/catalog/product/", None),
        "admin: products, a Chinese word": ("/admin/catalog/product/?q=%E4%BA%9A%E9%BA%BB", None),
        "admin: products, low stock": ("/admin/catalog/product/?view=low", None),
        "admin: orders": ("/admin/catalog/order/", None),
        "admin: customers": ("/admin/catalog/customer/", None),
        "admin: home, analytics": ("/admin/", None),
        **{f"admin: analytics, {name}": (f"/admin/analytics/{path}", None) for name, path in ANALYTICS.items()},
        "admin: a customer": (f"/admin/catalog/customer/{facts['customer']}/change/", None),
        **{f"admin: reviews, {name}": (f"/admin/reviews/{path}", None) for name, path in REVIEWS.items()},
        **{
            f"admin: support, {name}": (f"/admin/crm/{path.format(ticket=facts['ticket'])}", None)
            for name, path in DESK.items()
            if facts["ticket"] or "{" not in path
        },
    }


def _model() -> str:
    """What ranks for people here, and whether it is only what a new shop opens with: ratios depend on it."""
    from core.models import ModelVersion
    from recommender.choices import RECOMMENDER

    active = ModelVersion.objects.of(RECOMMENDER.name).active().first()
    if active is None:
        return "nothing"
    return f"{active.report.get('chosen')}{', the quick model of a new shop' if active.report.get('quick') else ''}"


def _oftenest() -> int:
    """Who ordered most often, of those who ordered first."""
    from django.db.models import Count

    from catalog.models import Order

    early = Order.objects.exclude(customer=None).order_by("pk").values("customer")[:10_000]
    rows = Order.objects.filter(customer__in=early).values("customer").annotate(n=Count("pk"))
    return int(rows.order_by("-n", "customer").values_list("customer", flat=True)[0])


def _longest() -> int:
    """The ticket about which most was said; 0 where nobody wrote."""
    from crm.models import Ticket

    longest = Ticket.objects.listed().order_by("-conversation__last_sequence", "pk")
    return longest.values_list("pk", flat=True).first() or 0


def _judged() -> dict[str, list[str]]:
    """What people type, by language: the judged queries, so that no single one is learned by heart."""
    from tests.benchmarks.search.judged import LIST

    found: dict[str, list[str]] = {}
    for line in LIST.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            language, query, _grades = line.split("|", 2)
            found.setdefault(language, []).append(query)
    return found


def _tracked() -> list[str]:
    """Addresses of a link in a message to many customers, none of whom has followed it."""
    from django.utils import timezone

    from catalog.models import Customer
    from marketing import links
    from marketing.models import Campaign, MessageEvent, Recipient, TrackedLink
    from tests.factories import CampaignFactory, CampaignStepFactory, TrackedLinkFactory

    campaign = Campaign.objects.filter(name="bench").first()
    if campaign is None:
        campaign = CampaignFactory.create(name="bench")
        step = CampaignStepFactory.create(campaign=campaign)
        TrackedLinkFactory.create(campaign=campaign, template_version=step.template_version)
        Recipient.objects.bulk_create(
            Recipient(campaign=campaign, step=step, customer_id=pk, purpose="offers", channel="email", state="sent",
                      due_at=timezone.now())
            for pk in Customer.objects.order_by("pk").values_list("pk", flat=True)[:MOST_CLICKS]
        )  # fmt: skip
    people = list(Recipient.objects.filter(campaign=campaign).order_by("pk").values_list("pk", flat=True))
    MessageEvent.objects.filter(recipient__in=people).delete()
    link = TrackedLink.objects.get(campaign=campaign)
    return [links.click(link.pk, pk) for pk in people]


def wanted_status(path: str) -> int:
    """A tracked link leads on; everything else answers."""
    return 302 if path.startswith("/t/") else 200


def _queries(client: Any, key: str, calls: Sequence[tuple[str, Any]]) -> int:
    """Of the last call: the first ones fill memories that live for seconds."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    if not calls[0][0].startswith("/admin"):
        client = Client()  # nobody of the staff asks
    for path, body in calls:
        headers = {} if path.startswith("/admin") else {"Authorization": f"Bearer {key}"}
        with CaptureQueriesContext(connection) as seen:
            if body is None:
                answer = client.get(path, headers=headers)
            else:
                answer = client.post(path, body(), content_type="application/json", headers=headers)
        assert answer.status_code == wanted_status(path), (path, answer.status_code, answer.content[:300])
    return len(seen)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.load_settings")
    main()
