"""What a message should have before it goes out. Refusals are in `tags`, `markup` and `rendering`; here are advice and
what the law asks for. Limits: Gmail cuts HTML off above 102 KB; subjects above 60 signs are cut on phones."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from marketing.messages import markup, tags
from marketing.messages.rendering import Frozen, freeze
from marketing.messages.tags import BadMessage

LONGEST_HTML = 102_000
LONG_SUBJECT = 60
MOST_LINKS = 30
SPAM = {
    "en": (
        "100% free", "act now", "winner", "risk-free", "click here", "cash bonus", "no obligation", "guaranteed",
        "once in a lifetime", "double your", "miracle", "urgent",
    ),
    "zh-hans": ("点击这里", "免费领取", "中奖", "稳赚", "最后机会", "绝对", "全网最低", "史上最", "代开发票", "加微信"),
}  # fmt: skip


@dataclass(frozen=True)
class Finding:
    """`level` is "stop" (it cannot go out) or "advice". `language` and `field` say where."""

    level: str
    text: str
    language: str = ""
    field: str = ""


def check(
    *,
    subject: Mapping[str, str],
    preheader: Mapping[str, str],
    body: Mapping[str, str],
    kind: str,
    purpose: str,
    languages: Mapping[str, Any],
    channel: str = "email",
) -> tuple[list[Finding], dict[str, Frozen]]:
    """Everything to say of a message in each of `languages` (code to name), and what can be frozen."""  # fmt: skip
    found: list[Finding] = []
    ready: dict[str, Frozen] = {}
    for code, name in languages.items():
        if not body.get(code, "").strip() or (channel == "email" and not subject.get(code, "").strip()):
            found.append(Finding("stop", _("%(language)s is missing.") % {"language": name}, code, "body"))
            continue
        try:
            one = freeze(
                subject=subject.get(code, ""), preheader=preheader.get(code, ""), body=body[code],
                is_mjml=kind == "mjml",
            )  # fmt: skip
        except BadMessage as error:
            field = str((error.extra or {}).get("field", "body"))
            found.append(Finding("stop", f"{name}: {error.message}", code, field))
            continue
        ready[code] = one
        found += [
            Finding(level, f"{name}: {text}", code, field)
            for level, text, field in _of(one, body[code], code, kind, purpose, channel)
        ]
    return found, ready


def _of(one: Frozen, body: str, code: str, kind: str, purpose: str, channel: str) -> list[tuple[str, str, str]]:
    said: list[tuple[str, str, str]] = []
    used = tags.tags_in(body) | tags.tags_in(one.subject)
    if channel == "email" and purpose != "care" and "unsubscribe_url" not in used:
        said.append(("stop", _("the unsubscribe link is missing: {{unsubscribe_url}}."), "body"))
    if kind != "mjml" and body.lstrip().lower().startswith("<mjml"):
        said.append(("stop", _("messages by this channel are plain text, and this is MJML."), "body"))
    if channel == "in_site" and tags.PICKS.search(body):
        text = _("“{{recommended}}” stays empty in the shop, whose own pages recommend: take it out.")
        said.append(("stop", text, "body"))
    size = len(one.html.encode())
    if size > LONGEST_HTML:
        size_text = _("%(size)d KB: Gmail cuts messages off above 102 KB.") % {"size": size // 1000}
        said.append(("stop", size_text, "body"))
    if len(one.subject) > LONG_SUBJECT:
        said.append(("advice", _("phones cut the subject after about 60 signs."), "subject"))
    if channel == "email" and not one.preheader:
        said.append(("advice", _("no preview line: mail programs show the first words instead."), "preheader"))
    text = f"{one.subject}\n{one.text}".lower()
    if words := [word for word in SPAM.get(code, ()) if word in text]:
        said.append(("advice", _("words that filters dislike: %(words)s.") % {"words": ", ".join(words[:5])}, "body"))
    letters = re.sub(r"[^A-Za-z]", "", tags.TAG.sub("", one.subject))
    if one.subject.count("!") > 1 or (len(letters) > 8 and letters.isupper()):
        said.append(("advice", _("the subject shouts."), "subject"))
    if kind == "mjml":
        reader = markup.read(body)
        if len(reader.addresses) > MOST_LINKS:
            said.append(("advice", _("%(count)d links are many.") % {"count": len(reader.addresses)}, "body"))
        if any(address.startswith("http://") for address in reader.addresses):
            said.append(("advice", _("a link goes over http, not https."), "body"))
        if reader.pictures_without_text:
            said.append(("advice", _("a picture has no text for those who do not see it."), "body"))
        words_left = re.sub(r"\s+", "", tags.TAG.sub("", one.text))
        if len(words_left) < 20:
            said.append(("advice", _("hardly any words: filters dislike mails of pictures alone."), "body"))
    return said
