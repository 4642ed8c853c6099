"""What somebody asks the shop for: "do you have a red bag?" asks for "a red bag", "something like this one" for what is
like it, "what do you recommend?" for whatever suits. Pure."""

import re
from dataclasses import dataclass

LONGEST = 200
"""Characters of a message that asks for a product; a longer one tells a story."""
_END = r"(?:\s*(?:,|\b(?:in stock|for sale|available|left|here|please|right now|at the moment|these days|today)\b))*"
_ENGLISH = re.compile(
    r"^(?:(?:hi|hello|hey|excuse me|sorry|please)\b[\s,.!]*)*"
    r"(?:(?:(?:do|would|does|did)\s+)?(?:you|u|your (?:shop|store)|this shop)(?:\s+guys)?"
    r"(?:\s+(?:still|also|currently|happen to))?\s+(?:have|sell|stock|carry|offer|got)"
    r"|have you(?:\s+guys)?\s+got"
    r"|(?:(?:i\s?'?\s?a?m|we\s?'?\s?a?re)\s+)?(?:looking|searching|shopping)\s+for"
    r"|(?:i|we)(?:\s+(?:want|need|would (?:like|love))|'d (?:like|love))(?:\s+to\s+(?:buy|get|purchase|find))?"
    r"|(?:(?:can|could) you\s+)?(?:show|find)\s+(?:me|us)"
    r"|(?:(?:can|could|would) you\s+)?(?:please\s+)?(?:recommend|suggest)(?:\s+(?:me|us))?"
    r"|(?:is|are) there"
    r"|where (?:can|could|do) (?:i|we) (?:find|buy|get)"
    r"|any(?=\s.*\b(?:in stock|for sale|available|left)\b))"
    r"\s+(?:(?:any|some)\s+)?(?P<what>.+?)" + _END + r"[\s?!.]*$"
)
_COUNTED = r"(?:[一两几](?:个|件|条|双|只|款|把|张|套|顶|盒|瓶|支|副|块|台|种|些|点|本)|些)?"
_BEFORE = r"^(?:(?:你好|您好|请问|问一下|问下|在吗|老板|亲)[，,。.！!\s]*)*"
_CHINESE = tuple(
    re.compile(_BEFORE + one + r"[\s。.！!？?~～]*$")
    for one in (
        r"(?:我们?)?(?:想要?|要|在)?(?:买|找|选购|看看)" + _COUNTED + r"(?P<what>.+?)",
        r"(?:帮我|给我)(?:找|推荐)(?:一下|下)?" + _COUNTED + r"(?P<what>.+?)",
        r"(?:你们?家?|您家|店里|这里|这儿)?(?:还|都)?(?:有没有|有无|卖不卖|有卖|卖)" + _COUNTED + r"(?P<what>.+?)"
        r"(?:可以买|卖)?的?[吗么嘛呢呀啊]?",
        r"(?:你们?家?|您家|店里|这里|这儿)?(?:还|都)?有" + _COUNTED + r"(?P<what>.+?)(?:可以买|卖)?[吗么嘛]",
        r"(?P<what>.+?)(?:还|现在)?(?:有(?:现?货|卖|库存)|在卖)(?:吗|么|嘛|没有|没)",
    )
)
_POINTS = re.compile(r"(?:it|this|that|these|those|them|one|ones|more|another)\b|[它这那]")
"""Begins what only the talk before, or the page, can tell."""

_SMALL = (
    r"(?:\s*(?:,|\b(?:please|today|now|right now|then|here|instead|in stock|available|in (?:your|the) shop)\b))*"
    r"[\s?!.]*$"
)
_HELLO = r"^(?:(?:hi|hello|hey|excuse me|sorry|please|ok|okay|so|and|well)\b[\s,.!]*)*"
_WHO = r"(?:\s+(?:for|to)\s+(?:me|us|my \w+|a \w+|him|her|them))?"
_THING = (
    r"(?:something|anything|sth"
    r"|(?:a|some|any)\s+(?:good\s+|nice\s+)?(?:products?|items?|things?|gifts?|presents?|ideas?))"
)
_ADVICE = (
    re.compile(
        _HELLO + r"(?:"
        r"what\s+(?:do|would|can|could|should)\s+(?:you|u)\s+(?:guys\s+)?(?:recommend|suggest)"
        r"|(?:(?:can|could|would|will)\s+(?:you|u)\s+)?(?:please\s+)?(?:recommend|suggest)(?:\s+(?:me|us))?\s+"
        + _THING
        + r"|(?:do\s+you\s+have\s+|have\s+you\s+got\s+)?(?:any|some)\s+(?:good\s+)?"
        r"(?:recommendations?|suggestions?|gift ideas?)"
        r"|(?:your\s+)?(?:recommendations?|gift ideas?)"
        r"|what\s+(?:should|could|can|shall)\s+(?:i|we)\s+(?:buy|get)"
        r"|(?:help|advise)\s+me\s+(?:to\s+)?(?:choose|pick|find)\s+"
        + _THING
        + r"|(?:show|find)\s+me\s+something(?:\s+(?:nice|new|good|i(?:\s+might|\s+may|'d|\s+would|\s+will)?\s+like))?"
        r"|what\s+(?:might|would|could)\s+(?:i|we)\s+like"
        r"|surprise\s+me"
        r")" + _WHO + _SMALL
    ),
    re.compile(
        _BEFORE + r"(?:"
        r"(?:你们?家?|您家?|店里|这里|这儿)?(?:还|都)?(?:有没有|有无|有)(?:什么|啥)?(?:好的?|值得)?推荐(?:的|款)?(?:商品|东西|产品)?"
        r"|(?:求|来点|来个|给个|给点)推荐"
        r"|(?:能不能|能|可以|可否|麻烦)?(?:你|您)?(?:帮我|给我|帮忙|随便)?推荐(?:给我)?(?:一下|下|点儿?|些|一些|几款|几个|几样|一款|一个|个|款)?"
        r"(?:好物|东西|商品|产品|礼物|好东西|好货)?"
        r"|(?:我)?(?:该|应该)?(?:买|选|送)(?:点|些|个)?(?:什么|啥)(?:礼物|东西|商品)?(?:比较|最)?(?:好|合适)"
        r"|(?:你|您)(?:会)?(?:有什么|有啥)?推荐(?:什么|啥|哪些)(?:商品|东西|产品)?"
        r"|(?:猜猜)?我(?:可能|也许|应该)?会?喜欢(?:什么|啥|哪些)(?:商品|东西)?"
        r")(?:给我|给我们)?(?:可以|行)?[吗么嘛呢吧呀啊呗]?[\s。.！!？?~～]*$"
    ),
)
_LIKE = (
    re.compile(
        _HELLO
        + r"(?:(?:(?:do|would|does)\s+(?:you|u)\s+(?:guys\s+)?(?:also\s+|still\s+)?(?:have|sell|carry|stock|know)"
        r"|have\s+you\s+got|is\s+there|are\s+there|(?:(?:can|could|would)\s+(?:you|u)\s+)?(?:please\s+)?"
        r"(?:show|find|recommend|suggest)(?:\s+(?:me|us))?"
        r"|(?:i|we)(?:'m|'re|\s+am|\s+are)?\s+(?:looking\s+for|want|need|would\s+like)"
        r"|(?:i|we)'d\s+like|looking\s+for|got)\s+)?"
        r"(?:(?:any|some|a|an|the)\s+)?(?:other\s+)?"
        r"(?:(?:something|anything|sth|products?|items?|things?|ones?|others|more)\s+(?:else\s+)?"
        r"(?:(?:that(?:'s|\s+is|\s+are)|which\s+(?:is|are))\s+)?(?:quite\s+|very\s+)?(?:similar|like|comparable|close)"
        r"(?:\s+(?:to|with))?"
        r"|(?:similar|comparable)(?:\s+(?:products?|items?|things?|ones?|styles?|designs?|models?))?(?:\s+(?:to|like))?"
        r"|alternatives?(?:\s+(?:to|for))?)"
        r"(?:\s+(?P<what>.+?))??" + _SMALL
    ),
    re.compile(
        _BEFORE
        + r"(?:你们?家?|您家|店里|这里|这儿)?(?:还|都)?(?:有没有|有无|有什么|有啥|有|想要|想找|想买|找|推荐|看看|求)?"
        r"(?:一?些|几款|几个|一?款|一?个|点)?(?:别的|其他的?|什么|啥)?(?:和|跟|与|同)?(?P<what>.*?)"
        r"(?:差不多|类似|相似|相近|近似|同类)(?:风格|款式|型)?(?:的|款|商品|产品|款式|东西|现货)+"
        r"(?:有吗|有没有|吗|么|嘛|呢|推荐一下|推荐)?[\s。.！!？?~～]*$"
    ),
    re.compile(
        _BEFORE + r"(?:有没有|有|想要|想找|找)?(?:类似|近似)于?(?P<what>.+?)(?:那样|这样|一样)?的"
        r"(?:商品|产品|款式|东西)?(?:有吗|有没有|吗|么|嘛|呢)?[\s。.！!？?~～]*$"
    ),
)
_VAGUE = re.compile(r"(?:but|in|with|only|just|for|my|your|our|his|her|the (?:one|ones|same)|size|price|i)\b|[我您你]")
"""Begins what is no name of a product: "something similar in blue"."""

_PLACED = re.compile(
    r"(?:the\s+)?(?P<en>first|second|third|last)(?:\s+(?:one|product|item|of\s+(?:them|these|those)))?|"
    r"(?P<zh>第[一二三123]|最后)(?:那|这)?一?[个款件双条只把样]?(?:商品|产品)?"
)
_PLACES = {
    "first": 0, "second": 1, "third": 2, "last": -1, "第一": 0, "第二": 1, "第三": 2, "第1": 0, "第2": 1, "第3": 2,
    "最后": -1,
}  # fmt: skip
"""Which of the products that were shown last is meant."""


_HAVE = (
    r"(?:(?:(?:do|does|did|would|can|could|will)\s+(?:you|u|i|we)\s+(?:guys\s+)?(?:still\s+|also\s+)?"
    r"(?:have|sell|stock|carry|offer|get|buy|find|show\s+me)|have\s+(?:you|u)\s+got|is\s+there|are\s+there|got|"
    r"show\s+me|i\s+(?:want|need|would\s+like)|i'd\s+like|does|do|is|are)\s+)?"
)
_LOOK = (
    re.compile(
        _HELLO
        + _HAVE
        + r"(?:(?:it|this|that|these|those|them|(?:the\s+)?same)(?:\s+(?!made\b)[\w'-]+){0,3}?|any|some|one|ones)\s+"
        r"(?:(?:also\s+)?(?:come|comes|available|sold)\s+)?in\s+(?:the\s+colou?r\s+)?(?P<what>[^\W\d][\w-]*(?:\s+[\w-]+)??)"
        + _SMALL
    ),
    re.compile(_HELLO + _HAVE + r"(?:a|an|any|some|the)\s+(?P<what>[^\W\d][\w-]*(?:\s+[\w-]+)??)\s+ones?" + _SMALL),
    re.compile(
        _BEFORE + r"(?:(?:[这那该此]一?|[同它])[款个件条双只把种样张套顶]?[^有没\s]{0,6}?)?(?:还|都|也)?(?:有没有|有)?"
        r"(?:同款的?|其他的?)?(?P<what>[^\s有没同颜什么]{1,5}?色|[红黑白蓝绿黄灰紫粉棕橙])的?"
        r"(?:款|版|那款)?(?:有吗|有没有|有货吗|吗|么|嘛|呢)?[\s。.！!？?~～]*$"
    ),
)
"""The product of the page, or of the talk before, with another look: "do you have it in red?", "这款有红色的吗"."""
_NO_LOOK = re.compile(
    r"(?:stock|store|(?:a\s+|an\s+)?(?:other|another|different|new|next|last|first|second|third|this|that|same))\b"
)


def look_asked(text: str) -> str:
    """How the product that is meant should look, where a message asks whether there is such a one: "red"; empty
    else. Which product that is stands elsewhere."""
    if len(text) > LONGEST:
        return ""
    plain = _plain(text)
    what = next((match["what"] for match in (form.match(plain) for form in _LOOK) if match), "")
    return "" if _NO_LOOK.match(what) else what


@dataclass(frozen=True)
class Advice:
    """What a recommendation is asked for: something like what `like` names, like what stood at this `place` of what was
    shown last, like what the page or the talk was about (`is_alike` without either), or whatever suits."""

    is_alike: bool
    like: str = ""
    place: int | None = None


def advice_asked(text: str) -> Advice | None:
    """The recommendation that a message asks for, all of it: "which size do you recommend?" asks for none."""
    if len(text) > LONGEST:
        return None
    plain = _plain(text)
    if any(form.match(plain) for form in _ADVICE):
        return Advice(False)
    for form in _LIKE:
        if match := form.match(plain):
            what = (match["what"] or "").strip(" ,，、")
            if placed := _PLACED.fullmatch(what):
                return Advice(True, place=_PLACES[placed["en"] or placed["zh"]])
            return Advice(True, "" if _POINTS.match(what) or _VAGUE.match(what) else what)
    return None


def _plain(text: str) -> str:
    return " ".join(text.lower().replace("\u2019", "'").split())


def asked_for(text: str) -> str:
    """The words for what is wanted; empty where the message does not ask whether the shop has something."""
    if len(text) > LONGEST:
        return ""
    plain = _plain(text)
    forms = (_ENGLISH, *_CHINESE)
    found = next((match["what"].strip(" ,，") for match in (form.match(plain) for form in forms) if match), "")
    return "" if _POINTS.match(found) else found
