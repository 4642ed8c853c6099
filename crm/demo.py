"""The programme of the demo shop: levels, rules and rewards, and points from the orders that it has."""

from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Min

from catalog.models import Order
from core.jobs import enqueue
from core.models import ShopProfile
from crm.demo_names import MACROS, PROGRAMMES, REPLIES
from crm.models import CannedReply, EarnRule, LoyaltyAccount, LoyaltyProgramme, LoyaltyTier, Macro, PastGrant, Reward
from crm.services import calendar, rules

LEVELS = (
    ("Green tea", "绿茶", 300, "1"), ("Oolong", "乌龙", 1_000, "1.25"), ("Pu-erh", "普洱", 3_000, "1.5"),
)  # fmt: skip
RULES = (
    ("Welcome", "新会员礼", "sign_up", 50), ("A review for others", "写评价", "review", 10),
    ("Birthday", "生日礼", "birthday", 100),
)  # fmt: skip
REWARDS = (
    ("Free shipping", "免运费", Reward.Kind.SHIPPING, 150, None), ("¥5 off", "立减 5 元", Reward.Kind.AMOUNT, 300, "5"),
    ("¥20 off", "立减 20 元", Reward.Kind.AMOUNT, 1_000, "20"),
)  # fmt: skip


def first() -> None:
    """Switch the programme of the demo shop on and ask for the points of its orders; nobody waits for them. Shops of
    one's own begin without. Running it again changes nothing."""
    profile = ShopProfile.objects.filter(pk=1, is_demo=True).exists()
    untouched = LoyaltyProgramme.objects.filter(started_at=None, is_on=False).exists()
    if not profile or not untouched or LoyaltyAccount.objects.exists():
        return
    oldest = Order.objects.aggregate(oldest=Min("paid_at"))["oldest"]
    with transaction.atomic():
        for name_en, name_zh, threshold, factor in LEVELS:
            LoyaltyTier.objects.create(
                name_en=name_en, name_zh=name_zh, threshold=threshold, multiplier=Decimal(factor)
            )  # fmt: skip
        for name_en, name_zh, trigger, points in RULES:
            EarnRule.objects.create(name_en=name_en, name_zh=name_zh, trigger=trigger, points=points)
        for name_en, name_zh, kind, cost, amount in REWARDS:
            Reward.objects.create(
                name_en=name_en, name_zh=name_zh, kind=kind, cost=cost, amount=Decimal(amount) if amount else None
            )  # fmt: skip
        programme = rules.switch(on=True)
        if oldest is not None and programme.started_at is not None:
            grant = PastGrant.objects.create(
                since=calendar.today(oldest), until=programme.started_at, state=PastGrant.State.RUNNING
            )
            enqueue("crm.tasks.grant_past", dedupe_key=f"crm.past.grant.{grant.pk}", grant_id=grant.pk)


def first_care() -> None:
    """Care programmes of the demo shop, switched on; shops of one's own begin without. Running it again changes
    nothing."""
    from crm.care import programmes
    from crm.models import CareProgramme

    shop = ShopProfile.objects.filter(pk=1, is_demo=True).first()
    if shop is None or CareProgramme.objects.exists():
        return
    place = 1 if next(iter(shop.languages), "").startswith("zh") else 0
    with transaction.atomic():
        for one in PROGRAMMES:
            texts: dict[str, Any] = {key: one[key][place] for key in ("name", "instructions") if key in one}
            values: dict[str, Any] = one | texts
            made = CareProgramme.objects.create(**values)
            programmes.switch(made.pk, "on")


def first_texts() -> None:
    """Canned replies and macros of the demo shop; shops of one's own begin without. Running it again changes
    nothing."""
    shop = ShopProfile.objects.filter(pk=1, is_demo=True).first()
    if shop is None or CannedReply.objects.exists() or Macro.objects.exists():
        return
    place = 1 if next(iter(shop.languages), "").startswith("zh") else 0
    with transaction.atomic():
        for shortcut, title, (text_en, text_zh) in REPLIES:
            CannedReply.objects.create(shortcut=shortcut, title=title[place], text_en=text_en, text_zh=text_zh)
        for one in MACROS:
            text_en, text_zh = one["text"]
            own: dict[str, Any] = {key: one[key] for key in ("state", "priority", "add_tags", "to_me") if key in one}
            Macro.objects.create(title=one["title"][place], text_en=text_en, text_zh=text_zh, **own)
