"""The status pill. Six meanings and no seventh; the words are the state, never something to do."""

from enum import StrEnum
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst


class Meaning(StrEnum):
    IDLE = "idle"  # draft, ended, off
    MOVING = "moving"  # queued, running, sending
    GOOD = "good"  # live, paid, approved, done
    WAITING = "waiting"  # a person has to act: to review, low stock
    STOPPED = "stopped"  # failed, overdue, out of stock, refused
    PROPOSED = "proposed"  # a model suggests it, nobody confirmed it


SHAPES = {
    Meaning.IDLE: "○",
    Meaning.MOVING: "◔",
    Meaning.GOOD: "✓",
    Meaning.WAITING: "◆",
    Meaning.STOPPED: "✕",
    Meaning.PROPOSED: "✦",
}


def pill(meaning: Meaning | str, text: Any) -> SafeString:
    """A shape and one or two words. Raises ValueError for a meaning that does not exist."""
    known = Meaning(meaning)
    return format_html(
        '<span class="zg-pill zg-pill-{}"><span aria-hidden="true">{}</span>{}</span>',
        known,
        SHAPES[known],
        capfirst(str(text)),
    )
