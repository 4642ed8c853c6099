"""House rules of the written word that a machine can judge (docs: voice, spacing, punctuation)."""

import re
from collections.abc import Iterator

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_TAG = re.compile(r"<[^>]*>|&\w+;")
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}|\$\{\w+\}")
_NO_SPACE = re.compile(rf"[{_HAN}][A-Za-z0-9]|[A-Za-z0-9][{_HAN}]")
# A date keeps its form (11月20日), so the units of dates may touch their figures.
_FIGURE = re.compile(r"%\(\w+\)d")
_DATE = re.compile(r"\d+[年月日]|[年月]\d+")
_HALF_WIDTH = re.compile(rf"[{_HAN}][,;:?!()]|[,;:?!(](?=[{_HAN}])|\.\.\.")
_DOUBLE = re.compile(rf"(?<=[{_HAN}])  +|(?<=[，。：；？（）“”]) +(?=\S)|(?<=\S) +(?=[，。：；？（）“”])")
_CHINESE_WORDS = re.compile("(?<![申邀])请(?!求)|抱歉|小编|！|成功地")
_ENGLISH_WORDS = re.compile(r"\b(please|successfully|invalid|oops)\b|!(?!\w)", re.IGNORECASE)


def chinese_faults(text: str) -> Iterator[str]:
    """What a Chinese text for staff does against the house rules, in words."""
    plain = _TAG.sub("", text)
    if found := _CHINESE_WORDS.search(plain):
        yield f"uses “{found.group()}”"
    bare = _PLACEHOLDER.sub("", plain)
    spaced = _DATE.sub("", _PLACEHOLDER.sub("", _FIGURE.sub("1", plain)))
    if found := _NO_SPACE.search(spaced):
        yield f"needs a space in “{found.group()}”"
    if found := _HALF_WIDTH.search(bare):
        yield f"has half-width punctuation in “{found.group()}”"
    if found := _DOUBLE.search(plain):
        yield f"has a space too many near “{plain[max(0, found.start() - 2) : found.end() + 1].strip()}”"
    if re.search(r"\d+(\.\d+)? +[%°]", plain):
        yield "has a space before % or °"


def english_faults(text: str) -> Iterator[str]:
    """Words that the voice of the product does not use."""
    if found := _ENGLISH_WORDS.search(_PLACEHOLDER.sub("", text)):
        yield f"uses “{found.group()}”"


def placeholders(text: str) -> set[str]:
    """What a translation has to carry over, whatever its order: ``%(name)s``, ``%s``, ``{name}``, ``{}``."""
    return set(re.findall(r"%\(\w+\)[#0\- +]*(?:\d+)?(?:\.\d+)?[a-zA-Z]|%[sdr]|\{\w*\}", text.replace("%%", "")))
