"""Which language a text is in, as far as its letters say."""

import re

_HAN = re.compile("[㐀-䶿一-鿿]")
_LETTER = re.compile(r"[^\W\d_]")


def guess_language(text: str) -> str:
    """`zh-hans` when at least a third of the letters are Han characters; else empty, because Latin letters are used by
    hundreds of languages."""
    letters = len(_LETTER.findall(text))
    return "zh-hans" if letters and len(_HAN.findall(text)) * 3 >= letters else ""
