"""Segments as pages and programs tell them."""

from typing import Any

from django.utils.translation import gettext as _

from analytics.models import Segment
from analytics.segments import compiling, features, named, rules, words
from analytics.segments.rules import BadRule

Row = dict[str, Any]


def sentence_of(segment: Segment) -> str:
    """What a segment is, in words. Of a segment with its current version at hand."""
    current = segment.current
    if current is None:
        return ""
    if segment.kind == Segment.Kind.RFM:
        return str(named.RFM[segment.key][1]) if segment.key in named.RFM else ""
    if segment.kind == Segment.Kind.CLUSTER:
        return _("Customers who: %(what)s") % {"what": features.apart_words(current.profile)}
    return rule_sentence(current.rule)


def rule_sentence(rule: dict[str, Any]) -> str:
    """A stored rule in words; why not, for one that this version of the program does not know."""
    try:
        return words.sentence(rules.parse(rule))
    except BadRule as error:
        return str(error.message)


def notes_of(segment: Segment) -> list[str]:
    """What the rule speaks of and is not there any more; why it cannot be used, when it cannot."""
    if not segment.is_rule:
        return []
    try:
        return compiling.of_segment(segment).gone
    except BadRule as error:
        return [str(error.message)]


def row(segment: Segment) -> Row:
    """One line of the list."""
    return {
        "id": segment.public_id,
        "name": str(segment),
        "kind": segment.kind,
        "key": segment.key,
        "is_shared": segment.is_shared,
        "version": segment.current.number if segment.current else 0,
        "size": segment.size,
        "revenue": segment.revenue,
        "revenue_share": segment.revenue_share,
        "counted_at": segment.counted_at,
    }


def detail(segment: Segment) -> Row:
    """The line, the rule or profile, and both in words. Of a segment with `current.model_version` at hand."""
    current = segment.current
    version = current.model_version if current else None
    return {
        **row(segment),
        "description": segment.description,
        "sentence": sentence_of(segment),
        "rule": current.rule if current and segment.is_rule else None,
        "profile": current.profile if current and segment.kind == Segment.Kind.CLUSTER else None,
        "model_version": version.name if version else None,
        "archived_at": segment.archived_at,
        "notes": notes_of(segment),
    }
