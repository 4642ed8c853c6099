"""What goes to a person whatever a model thinks: words for a person, and four risks. Pure.

Wordings (`wordings/*.txt`), not likeness: each is a way to say it that hardly means anything else in a shop. A model of
intents stands behind them (`reviews.understanding`) and hands over what it finds likely; these hold without any model,
and nothing overrules them.
"""

import re
from enum import StrEnum
from pathlib import Path

from reviews.ml.text import normalise

FOLDER = Path(__file__).resolve().parent / "wordings"
READ_AT_MOST = 10_000
"""Characters of a message; as many as one may have."""


class Rule(StrEnum):
    """Why a message goes to a person without being answered."""

    PERSON = "person"
    INJURY = "injury"
    LEGAL = "legal"
    REFUND_DISPUTE = "refund_dispute"
    DATA = "data"


_FIRST = (Rule.INJURY, Rule.LEGAL, Rule.DATA, Rule.REFUND_DISPUTE, Rule.PERSON)
"""Where a message says several things: who may be hurt comes first."""


def _wordings(rule: Rule) -> list[str]:
    lines = (FOLDER / f"{rule.value}.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


# ASCII, so that a Chinese character beside a Latin word ends it.
_ANY = {rule: re.compile("|".join(_wordings(rule)), re.ASCII) for rule in _FIRST}
_BETWEEN_HAN = re.compile(r"(?<=[\u4e00-\u9fff])[\s.。·、_\-*~]+(?=[\u4e00-\u9fff])")

_LONG = {"won't": "will not", "wont": "will not", "don't": "do not", "dont": "do not", "doesn't": "does not",
         "wouldn't": "would not", "can't": "can not", "didn't": "did not"}  # fmt: skip
_SHORT = re.compile("|".join(rf"\b{word}\b" for word in _LONG), re.ASCII)


def rule_of(text: str) -> Rule | None:
    """The rule that sends this message to a person; None where a machine may answer. Never raises for a str."""
    plain = _plain(text[:READ_AT_MOST])
    return next((rule for rule in _FIRST if _ANY[rule].search(plain)), None)


def _plain(text: str) -> str:
    """As models read it, with one form of apostrophes, "not" written out, and nothing between Chinese characters that
    keeps them apart (人 工, 真。人)."""
    plain = _BETWEEN_HAN.sub("", normalise(text)).replace("\u2019", "'")
    return _SHORT.sub(lambda found: _LONG[found.group()], plain)
