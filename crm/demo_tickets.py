"""Tickets of a demo shop: questions about its orders, in the customer's language, and how the shop answered them.

Planted: three kinds of customers are served differently. Most get an answer within a quarter of an hour, some within an
hour, the third kind waits for hours, is less content for it and complains more often. Everything else is chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np

from catalog.demo.chance import SHOP_ZONE, iso, stream
from catalog.demo.orders import Order
from catalog.demo.products import DAY
from catalog.demo.shop import Shop

Row = Sequence[object]
TICKETS = (
    "id", "customer", "channel", "subject", "language", "priority", "state", "tags", "opened_at", "first_answered_at",
    "resolved_at", "satisfaction", "satisfaction_comment",
)  # fmt: skip
MESSAGES = ("ticket", "number", "author", "text", "at", "internal")
SHARE = 0.05
"""Of the orders of the last year somebody writes about."""
WAITING = 9
"""The newest, which are not over yet."""
SERVED = ((0.50, 12), (0.30, 45), (0.20, 300))
"""Kinds of customers: their share, and the median minutes until they are answered."""
COMPLAINS = (0.06, 0.12, 0.35)
CHANNELS, CHANNEL_SHARES = ("chat", "email", "form"), (0.55, 0.25, 0.20)
OPENS, CLOSES = 9, 21


@dataclass(frozen=True)
class Topic:
    """What is asked, answered, and said about the answer: (English, Chinese) each."""

    tag: str
    weight: float
    after: tuple[float, float]
    subject: tuple[str, str]
    asks: tuple[tuple[str, str], ...]
    answer: tuple[str, str]
    is_complaint: bool = False


TOPICS = (
    Topic(
        "delivery", 0.30, (1.0, 4.0), ("Where is my parcel?", "快递到哪了"),
        (("Where is order {order} now?", "你好，订单 {order} 显示已发货，现在到哪了？"),
         ("When does {product} arrive? I leave on Friday.", "想问下“{product}”什么时候能到？周五要出门。")),
        ("It left our warehouse and should be with you within two days; I will keep an eye on it.",
         "包裹已从仓库发出，在快递手里，预计两天内送到，我会一直跟进。"),
    ),
    Topic(
        "size", 0.14, (2.0, 9.0), ("Another size?", "想换尺码"),
        (("{product} is a little tight. Can I have it one size larger?", "“{product}”偏小，能换大一码吗？"),
         ("The colour is lovely, the size is not. How do I exchange it?", "颜色很喜欢，尺码不合适，怎么换？")),
        ("Of course. Send it back with the label in the parcel; the other size is set aside for you.",
         "可以换。用包裹里的退货单寄回即可，新尺码已为你留好。"),
    ),
    Topic(
        "return", 0.12, (3.0, 12.0), ("Sending it back", "申请退货"),
        (("I would like to return {product}. What do I do?", "订单 {order} 里的“{product}”想退，怎么操作？"),
         ("It is not what I expected. Until when can I return it?", "和想的不太一样，多久之内可以退？")),
        ("You have thirty days. I have opened the return; the money goes back the way you paid once it is here.",
         "30 天内都可以退。退货已登记，收到后原路退款。"),
    ),
    Topic(
        "invoice", 0.09, (0.2, 6.0), ("Invoice", "开发票"),
        (("May I have an invoice for {order}, made out to my company?", "订单 {order} 能开公司抬头的发票吗？"),
         ("I cannot find the invoice in my account.", "账户里找不到发票。")),
        ("Here it is. You also find it under the order.", "已按要求开好，也可在订单里下载。"),
    ),
    Topic(
        "address", 0.08, (0.02, 0.5), ("Wrong address", "地址写错了"),
        (("I typed the wrong street for {order}. Can you still change it?", "订单 {order} 地址写错了，还能改吗？"),
         ("Please send {product} to my office instead.", "“{product}”能改寄到公司吗？")),
        ("It had not left yet, so I have changed it.", "还没发出，地址已改好，发货时会通知你。"),
    ),
    Topic(
        "product", 0.10, (5.0, 25.0), ("A question about care", "使用和保养"),
        (("How do I clean {product}?", "“{product}”怎么清洗？"), ("Can you mend it?", "坏了能修吗？")),
        ("Lukewarm water and a soft cloth, nothing else. If anything comes loose, write to us: we mend it.",
         "温水加软布即可。如有松动，联系我们维修。"),
    ),
    Topic(
        "damaged", 0.10, (1.0, 5.0), ("It arrived broken", "收到就是坏的"),
        (("{product} arrived with a crack.", "“{product}”到手就有裂痕，本来是送人的，很失望。"),
         ("The box was crushed and {product} is scratched. What now?", "箱子压坏了，“{product}”也刮花了，怎么办？")),
        ("I am sorry. A new one leaves today; keep the old one.", "非常抱歉，今天补发一件新的，坏的不用寄回。"),
        is_complaint=True,
    ),
    Topic(
        "late", 0.07, (6.0, 14.0), ("Still nothing", "还没收到"),
        (("Order {order} is a week late and nobody tells me anything!", "订单 {order} 晚了一周，也没人告诉我原因！"),
         ("I have been waiting for {product} far too long. I want my money back.", "“{product}”等太久了，我要退款。")),
        ("I am sorry. The carrier lost it; another one is on its way by express, and shipping is refunded.",
         "你说得对，很抱歉。快递丢件，已用快递补发，运费也退了。"),
        is_complaint=True,
    ),
)  # fmt: skip
THANKS = (("Thank you, that was quick!", "谢谢，好快！"), ("Great, thanks.", "好的，谢谢。"))
AT_LAST = (
    ("At last. I had almost given up.", "终于有人回了。"),
    ("All right, but it took you long.", "行吧，就是等太久了。"),
)
CLOSING = ("You are welcome. Write again whenever you like.", "不客气，有问题随时联系。")
PRAISE, BLAME = ("Quick and friendly", "又快又耐心"), ("I waited too long", "等太久了")


@dataclass(slots=True)
class _Ticket:
    order: Order
    topic: Topic
    served: int
    opened_at: int
    answered_at: int = 0
    resolved_at: int = 0
    score: int = 0


def files(shop: Shop) -> list[tuple[str, tuple[str, ...], Iterator[Row]]]:
    """`tickets.csv` and `ticket_messages.csv`; the same shop gives the same rows."""
    made = _make(shop)
    return [("tickets", TICKETS, _rows(shop, made)), ("ticket_messages", MESSAGES, _said(shop, made))]


def _make(shop: Shop) -> list[_Ticket]:
    rng = stream(shop.seed, "tickets")
    kinds = rng.choice(len(SERVED), len(shop.customers), p=[share for share, _minutes in SERVED])
    served = {one.id: int(kind) for one, kind in zip(shop.customers, kinds, strict=True)}
    calm = [topic for topic in TOPICS if not topic.is_complaint]
    cross = [topic for topic in TOPICS if topic.is_complaint]
    made = []
    for order in shop.orders:
        if order.is_more:
            continue  # nobody writes about these, so that the tickets are those of the shop without its experiment
        wants = rng.random() < SHARE
        if not wants or order.placed_at < shop.calendar.end - 365 * DAY or not order.delivered_at:
            continue
        kind = served[order.customer.id]
        topics = cross if rng.random() < COMPLAINS[kind] else calm
        weights = np.array([topic.weight for topic in topics])
        topic = topics[int(rng.choice(len(topics), p=weights / weights.sum()))]
        begins = order.placed_at if topic.tag in ("address", "invoice", "delivery") else order.delivered_at
        opened = begins + int(rng.uniform(*topic.after) * DAY)
        if opened < shop.calendar.end:
            made.append(_Ticket(order, topic, kind, opened))
    made.sort(key=lambda one: (one.opened_at, one.order.number))
    for place, one in enumerate(made):
        _serve(one, rng, is_over=place < len(made) - WAITING)
    return made


def _serve(one: _Ticket, rng: np.random.Generator, *, is_over: bool) -> None:
    minutes = SERVED[one.served][1] * float(np.exp(rng.normal(0.0, 0.5)))
    answered = _working(_working(one.opened_at) + int(60 * minutes))
    resolved = _working(answered + int(rng.exponential(0.4 * DAY)) + 600)
    wishes = 5.0 - 0.45 * np.log1p(minutes / 5.0) - (0.9 if one.topic.is_complaint else 0.0) + rng.normal(0.0, 0.7)
    rated = rng.random() < 0.45
    if not is_over:
        one.answered_at = answered if rng.random() < 0.4 else 0
        return
    one.answered_at, one.resolved_at = answered, resolved
    one.score = int(np.clip(round(float(wishes)), 1, 5)) if rated else 0


def _working(moment: int) -> int:
    """This moment, or the next at which somebody works."""
    local = datetime.fromtimestamp(moment, UTC).astimezone(SHOP_ZONE)
    if OPENS <= local.hour < CLOSES:
        return moment
    day = local.date() + timedelta(days=1 if local.hour >= CLOSES else 0)
    return int(datetime(day.year, day.month, day.day, OPENS, tzinfo=SHOP_ZONE).timestamp()) + moment % 1_800


def _place(one: _Ticket) -> int:
    return 1 if one.order.customer.language == "zh" else 0


def _number(place: int) -> str:
    return f"T-{place + 1:05d}"


def _rows(shop: Shop, made: list[_Ticket]) -> Iterator[Row]:
    rng = stream(shop.seed, "ticket channels")
    for place, one in enumerate(made):
        channel = CHANNELS[int(rng.choice(len(CHANNELS), p=CHANNEL_SHARES))]
        is_over = bool(one.resolved_at)
        old = is_over and one.resolved_at < shop.calendar.end - 7 * DAY
        state = "closed" if old else "resolved" if is_over else "pending" if one.answered_at else "open"
        text = _place(one)
        comment = PRAISE[text] if one.score == 5 else BLAME[text] if 0 < one.score <= 2 else ""
        yield (
            _number(place), one.order.customer.id, channel, one.topic.subject[text], ("en", "zh-hans")[text],
            "high" if one.topic.is_complaint else "", state, one.topic.tag, iso(one.opened_at),
            iso(one.answered_at) if one.answered_at else "", iso(one.resolved_at) if is_over else "",
            one.score or "", comment if place % 3 == 0 else "",
        )  # fmt: skip


def _said(shop: Shop, made: list[_Ticket]) -> Iterator[Row]:
    rng = stream(shop.seed, "ticket messages")
    for place, one in enumerate(made):
        text, first = _place(one), one.order.lines[0].product
        names = {"order": one.order.number, "product": (first.name_en, first.name_zh)[text]}
        asked = one.topic.asks[int(rng.integers(len(one.topic.asks)))][text].format(**names)
        lines = [("customer", asked, one.opened_at)]
        if one.answered_at:
            lines.append(("staff", one.topic.answer[text], one.answered_at))
        if one.resolved_at:
            words = AT_LAST if one.answered_at - one.opened_at > 4 * 3_600 else THANKS
            back = one.answered_at + (one.resolved_at - one.answered_at) // 2
            lines += [
                ("customer", words[int(rng.integers(len(words)))][text], back),
                ("staff", CLOSING[text], one.resolved_at),
            ]
        for number, (author, said, at) in enumerate(lines, start=1):
            yield _number(place), number, author, said, iso(at), ""
