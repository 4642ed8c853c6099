"""Care programmes, macros and canned replies of the demo shop: what they are called and say, in both languages."""

from collections.abc import Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import override

from core.shipped import Name, pairs

PROGRAMMES: tuple[dict[str, Any], ...] = (
    {
        "name": ("Somebody calls after a bad review", "差评后联系顾客"), "trigger": "bad_review", "action": "ticket",
        "reach_days": 14, "control_percent": 0,
        "instructions": ("Listen first. Offer a return or a new one.", "先倾听，再提出退货或换货。"),
    },
    {
        "name": ("Tell why an order is late", "说明订单延误"), "trigger": "late_order", "wait_days": 5,
        "reach_days": 14, "action": "ticket", "control_percent": 0,
        "instructions": ("Say when it will be sent.", "告知预计发货时间。"),
    },
    {
        "name": ("Win back after 90 days", "90 天未下单挽回"), "trigger": "win_back", "wait_days": 90, "reach_days": 14,
        "conditions": {"least_orders": 2}, "action": "worklist", "control_percent": 20,
        "instructions": ("Ask what is missing; tell what is new.", "询问缺少什么，介绍新品。"),
    },
    {
        "name": ("Thanks after the first order", "首单感谢"), "trigger": "post_purchase", "wait_days": 3,
        "conditions": {"most_orders": 1}, "action": "points", "points": 30, "control_percent": 20,
    },
)  # fmt: skip

REPLIES: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...] = (
    ("hello", ("A greeting", "问候"),
     ("Hello {name},\n\nthis is {agent} of {shop}.", "{name}，您好：\n\n我是{shop}的{agent}。")),
    ("tracking", ("Where the parcel is", "包裹在哪里"),
     ("Order {order} is on its way. I have asked the carrier where it is and write to you as soon as they answer.",
      "订单 {order} 已经在路上。我向快递询问了位置，有回复马上告诉您。")),
    ("back", ("How to send something back", "怎么退货"),
     ("You have thirty days. Put the label from the parcel on the box and hand it in at any counter of the carrier; "
      "the money goes back the way you paid once it is here.",
      "30 天内都可以退。把包裹里的退货单贴在箱子上，交给快递即可；收到后原路退款。")),
    ("size", ("Another size", "换尺码"),
     ("Of course. Which size would you like? I set it aside for you until yours is back.",
      "可以换。您想要哪个尺码？我先为您留好，旧的寄回后就发出。")),
    ("invoice", ("An invoice", "发票"),
     ("To whom shall I make out the invoice for {order}? I send it the same day.",
      "订单 {order} 的发票抬头怎么写？当天就能开好发给您。")),
    ("sorry", ("An apology", "道歉"),
     ("I am sorry about this, {name}. That is not how it should be, and I stay with it until it is solved.",
      "{name}，给您添麻烦了，非常抱歉。这件事由我跟到解决为止。")),
)  # fmt: skip
"""Shortcut, title and text of canned replies."""

MACROS: tuple[dict[str, Any], ...] = (
    {
        "title": ("Ask for the order number", "询问订单号"), "state": "pending",
        "text": ("Hello {name}, what is the number of your order? It stands in the mail that confirmed it.",
                 "{name}，您好，订单号是多少？确认邮件里可以找到。"),
    },
    {
        "title": ("Broken: a new one leaves today", "到货破损：今天补发"), "state": "pending", "priority": "high",
        "add_tags": ["damaged"], "to_me": True,
        "text": ("I am sorry that it arrived broken. A new one leaves today; keep the old one.",
                 "非常抱歉，商品到手就坏了。今天补发一件新的，坏的不用寄回。"),
    },
    {
        "title": ("Return is open", "退货已登记"), "state": "pending", "add_tags": ["return"],
        "text": ("I have opened the return for {order}. The label is in the parcel, and the money goes back as soon as "
                 "it is here.",
                 "订单 {order} 的退货已登记。退货单在包裹里，收到后原路退款。"),
    },
    {
        "title": ("Thank and resolve", "感谢并解决"), "state": "resolved",
        "text": ("You are welcome, {name}. Write again whenever you like.", "不客气，{name}。有问题随时联系我们。"),
    },
)  # fmt: skip


def names() -> Iterator[Name]:
    """Texts, programmes, what is to be done for them, and the comparisons that are named after them."""
    for _shortcut, title, _text in REPLIES:
        yield pairs(title)
    for macro in MACROS:
        yield pairs(macro["title"])
    for programme in PROGRAMMES:
        yield pairs(programme["name"])
        if "instructions" in programme:
            yield pairs(programme["instructions"])
        yield {
            key: _compared(language, name)
            for (key, language), name in zip((("en", "en"), ("zh", "zh-hans")), programme["name"], strict=True)
        }


def _compared(language: str, name: str) -> str:
    with override(language):
        return _("Care programme: %(name)s") % {"name": name}
