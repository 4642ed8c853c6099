"""Reviews as honest customers write them: of many lengths, in two languages, short praise that a hundred others write
too, people who paste the same words under several products, days of a sale, guests without a known purchase."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np

SHORT = {
    "en": [
        "Good.",
        "Great product",
        "As described",
        "Very happy with it, thank you",
        "ok",
        "Fast delivery, good quality",
        "Five stars",
        "Love it!",
        "Not bad",
        "Disappointed",
        "",
    ],
    "zh-hans": [
        "很好",
        "不错",
        "物流很快，质量不错",
        "好评",
        "非常满意",
        "一般般",
        "质量很好，下次还会来",
        "不太满意",
        "还可以吧",
        "值得购买",
    ],
}
WHO = {
    "en": [
        "my sister",
        "my father",
        "the office",
        "our kitchen",
        "a weekend trip",
        "my daughter's birthday",
        "the garden",
        "the holidays",
        "my new flat",
        "a friend",
        "the car",
        "long walks",
        "my desk",
        "winter",
    ],
    "zh-hans": [
        "给妈妈",
        "给孩子",
        "公司用",
        "搬家后",
        "出差路上",
        "送朋友",
        "周末露营",
        "老婆",
        "宿舍里",
        "给爷爷",
        "冬天",
        "健身房",
    ],
}
WHAT = {
    "en": [
        "handle",
        "lid",
        "zip",
        "fabric",
        "colour",
        "seam",
        "battery",
        "box",
        "strap",
        "screen",
        "smell",
        "sound",
        "size",
        "manual",
        "button",
        "coating",
        "weight",
        "lining",
    ],
    "zh-hans": [
        "把手",
        "盖子",
        "拉链",
        "面料",
        "颜色",
        "做工",
        "电池",
        "包装",
        "带子",
        "屏幕",
        "气味",
        "声音",
        "尺码",
        "说明书",
        "按键",
        "涂层",
    ],
}
GOOD = {
    "en": [
        "the {what} feels solid",
        "I like the {what} a lot",
        "the {what} is better than in the picture",
        "{n} days later the {what} still looks new",
        "for {who} it is just right",
        "bought it for {who} and they use it daily",
        "arrived after {n} days, well packed",
        "the {what} survived {n} washes",
        "worth the {n} I paid for it",
        "support answered my question about the {what} within {n} hours",
        "second one I bought, this time for {who}",
    ],
    "zh-hans": [
        "{what}很结实",
        "特别喜欢{what}",
        "{what}比图片上好看",
        "用了{n}天{what}还像新的",
        "{who}正合适",
        "{who}买的，天天在用",
        "{n}天就到了，包装很仔细",
        "洗了{n}次{what}也没坏",
        "{n}块钱很值",
        "问了{what}的问题客服{n}小时就回了",
        "第二次买了，这次是{who}",
    ],
}
BAD = {
    "en": [
        "the {what} broke after {n} days",
        "the {what} is not as described",
        "waited {n} days for the parcel",
        "the {what} smells odd",
        "too small for {who}",
        "the {what} rattles when you carry it",
        "nobody answered my {n} messages",
        "sent it back because of the {what}",
    ],
    "zh-hans": [
        "{what}用了{n}天就坏了",
        "{what}和描述不符",
        "等了{n}天才到",
        "{what}有点怪味",
        "{who}用太小了",
        "{what}松松垮垮的",
        "发了{n}条消息没人理",
        "因为{what}退货了",
    ],
}
JOIN = {"en": ("", ". ", "."), "zh-hans": ("", "，", "。")}


@dataclass(frozen=True)
class Ordinary:
    product: int
    customer: int | None
    rating: int
    text: str
    language: str
    written_at: datetime
    is_verified: bool


def ordinary(count: int, *, products: int, customers: int, until: datetime, days: int, seed: int) -> Iterator[Ordinary]:
    """`count` reviews of products 0…, by customers 0…, at most one for each pair."""
    rng = np.random.default_rng(seed)
    demand = rng.gamma(0.6, 1.0, products) + 0.02
    sales = rng.integers(0, days, 3)
    pasted: dict[int, tuple[str, str, int]] = {}
    seen: set[tuple[int, int]] = set()
    while len(seen) < count:
        product = int(rng.choice(products, p=demand / demand.sum()))
        customer = int(rng.integers(customers))
        if (product, customer) in seen:
            continue
        seen.add((product, customer))
        language = "zh-hans" if customer % 2 else "en"
        rating = int(rng.choice((1, 2, 3, 4, 5), p=(0.06, 0.05, 0.1, 0.24, 0.55)))
        text = _text(rng, language, rating)
        if customer in pasted and customer % 25 == 0:
            text, language, rating = pasted[customer]
        pasted[customer] = (text, language, rating)
        day = float(sales[rng.integers(3)]) + float(rng.exponential(2.0)) if rng.random() < 0.1 else rng.random() * days
        yield Ordinary(
            product, None if rng.random() < 0.05 else customer, rating, text, language,
            until - timedelta(days=max(0.0, days - day)), bool(rng.random() < 0.7),
        )  # fmt: skip


def _text(rng: np.random.Generator, language: str, rating: int) -> str:
    if rng.random() < 0.25:
        return str(rng.choice(SHORT[language]))
    start, between, end = JOIN[language]
    said = []
    for _ in range(1 + min(7, int(rng.lognormal(0.7, 0.6)))):
        pool = GOOD if rng.random() < (rating - 0.5) / 5 else BAD
        sentence = str(rng.choice(pool[language]))
        said.append(
            sentence.format(what=rng.choice(WHAT[language]), who=rng.choice(WHO[language]), n=int(rng.integers(2, 40)))
        )
    return start + between.join(said) + end
