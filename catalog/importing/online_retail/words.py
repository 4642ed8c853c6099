"""Names of products as a shop window shows them, from descriptions in capitals."""

import re

_SMALL = frozenset(["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"])
_KEPT = frozenset(["ABC", "BBQ", "CD", "DIY", "DVD", "EU", "FM", "LED", "OK", "TV", "UK", "USA", "XL", "XXL"])
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")


def shop_name(description: str, limit: int = 300) -> str:
    """`KID'S  WHITE T-LIGHT HOLDER 15CM` becomes `Kid's White T-Light Holder 15cm`; text with small letters stays."""
    text = " ".join(description.split())[:limit]
    if not text.isupper():
        return text

    def change(match: re.Match[str]) -> str:
        word = match.group()
        before = text[match.start() - 1] if match.start() else ""
        if word in _KEPT:
            return word
        if before.isdigit() or (word.lower() in _SMALL and before == " "):
            return word.lower()
        return word[0] + word[1:].lower()

    return _WORD.sub(change, text)
