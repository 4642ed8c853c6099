"""What the demo shop has of marketing: who agreed to what, and two campaigns to begin with."""

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction

from analytics.models import Segment
from catalog.demo.chance import iso, stream
from catalog.demo.products import DAY
from catalog.demo.shop import Shop
from core.models import ShopProfile
from core.shipped import Name
from marketing.campaigns import audiences, lifecycle
from marketing.models import Campaign, Channel, ConsentState, Purpose, Template
from marketing.models.choices import Trigger

Row = Sequence[object]
CONSENTS = ("customer", "purpose", "channel", "state", "at", "source", "wording_version", "confirmed_at")
AGREE = {Purpose.OFFERS: 0.62, Purpose.NEWS: 0.35, Purpose.CARE: 0.55}
LEAVE = 0.07
"""Of those who agreed so many take it back later."""
TRIED = 20


def files(shop: Shop) -> list[tuple[str, tuple[str, ...], Iterator[Row]]]:
    """`consents.csv`; the same shop gives the same rows."""
    return [("consents", CONSENTS, _consents(shop))]


def _consents(shop: Shop) -> Iterator[Row]:
    rng, tried = stream(shop.seed, "consents"), _tried(shop)
    for customer in shop.customers:
        draws = rng.random((len(AGREE), 3))
        if customer.id in tried:
            draws[:, :2] = 0.0, 1.0
        for (purpose, share), (agrees, leaves, when) in zip(AGREE.items(), draws, strict=True):
            if agrees >= share:
                continue
            at = customer.created_at
            confirmed = min(at + 60 + int(3_600 * when), shop.calendar.end)
            yield (
                customer.id, purpose, Channel.EMAIL, ConsentState.GIVEN, iso(at), "/account/register", "2025-01",
                iso(confirmed),
            )  # fmt: skip
            left = at + int((0.2 + when) * 200 * DAY)
            if leaves < LEAVE and left < shop.calendar.end:
                yield customer.id, purpose, Channel.EMAIL, ConsentState.WITHDRAWN, iso(left), "/preferences", "", ""


def _tried(shop: Shop) -> set[str]:
    """Those as whom visitors try the demo storefront are among the ones who order most: they agreed, so that whoever
    tries a campaign finds its message, its code and its order with somebody they can be."""
    orders = Counter(one.customer.id for one in shop.orders)
    return {ident for ident, _count in orders.most_common(TRIED)}


STEM = """<mjml>
  <mj-body>
    <mj-section>
      <mj-column>
        <mj-text>{hello}</mj-text>
        <mj-text>{text}</mj-text>
        {picks}<mj-button href="{address}">{look}</mj-button>
        <mj-text><a href="{{{{unsubscribe_url}}}}">{out}</a></mj-text>
      </mj-column>
    </mj-section>
  </mj-body>
</mjml>
"""
WORDS = {
    "en": {"hello": "Hello {{name}},", "look": "Have a look", "out": "Unsubscribe"},
    "zh": {"hello": "{{name}}，你好：", "look": "去看看", "out": "退订"},
}
BEST = {
    "name": {"en": "For our best customers", "zh": "致最好的顾客"},
    "subject": {"en": "New things, picked for you", "zh": "为你挑选的新品"},
    "preheader": {"en": "Three new things, chosen from what you bought", "zh": "按你买过的商品挑出的三件新品"},
    "text": {
        "en": "these have come in since your last order, and we thought of you.",
        "zh": "你上次下单后到了一些新东西，我们想到了你。",
    },
}
CART = {
    "name": {"en": "Left in the cart", "zh": "购物车里的商品"},
    "subject": {"en": "Still thinking about it?", "zh": "还在考虑吗？"},
    "preheader": {"en": "What you put in is still there", "zh": "你放进去的商品还在"},
    "text": {
        "en": "this is still in your cart: {{products}}.",
        "zh": "购物车里还有：{{products}}。",
    },
}


def first() -> None:
    """Two drafts in the demo shop, ready to be checked; shops of one's own begin without. Running it again changes
    nothing."""
    if not ShopProfile.objects.filter(pk=1, is_demo=True).exists() or Campaign.objects.exists():
        return
    segment = Segment.objects.alive().filter(kind=Segment.Kind.RFM, key="champions").first()
    with transaction.atomic():
        _draft(
            BEST, audience=audiences.of_segment(segment) if segment is not None else None, address="{{shop_url}}",
            picks="<mj-text>{{recommended count=3}}</mj-text>\n        ",
        )  # fmt: skip
        _draft(CART, trigger=Trigger.ABANDONED_CART, address="{{product_url}}")


def names() -> Iterator[Name]:
    """The drafts, their messages and what compares them."""
    for texts in (BEST, CART):
        yield texts["name"]


def _draft(texts: dict[str, dict[str, str]], *, address: str, picks: str = "", **fields: Any) -> None:
    known = {code: "zh" if code.startswith("zh") else "en" for code in lifecycle.languages()}
    name = texts["name"][next(iter(known.values()))]
    template = Template.objects.create(
        name=name, purpose=Purpose.OFFERS, channel=Channel.EMAIL, kind=Template.Kind.MJML,
        subject={code: texts["subject"][place] for code, place in known.items()},
        preheader={code: texts["preheader"][place] for code, place in known.items()},
        body={
            code: STEM.format(text=texts["text"][place], picks=picks, address=address, **WORDS[place])
            for code, place in known.items()
        },
    )  # fmt: skip
    campaign = Campaign.objects.create(name=name, holdout_share=Decimal("0.1"), **fields)
    lifecycle.set_steps(campaign, [{"template": template}])
