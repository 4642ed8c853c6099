"""What somebody asks the shop for: "do you have a red bag?" asks for "a red bag". Pure."""

import re

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


def asked_for(text: str) -> str:
    """The words for what is wanted; empty where the message does not ask whether the shop has something."""
    if len(text) > LONGEST:
        return ""
    plain = " ".join(text.lower().replace("\u2019", "'").split())
    forms = (_ENGLISH, *_CHINESE)
    found = next((match["what"].strip(" ,，") for match in (form.match(plain) for form in forms) if match), "")
    return "" if _POINTS.match(found) else found
