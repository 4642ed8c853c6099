"""Messages that programmes of other floors may send, and what they look like (core.extensions.message_doors)."""

from typing import Any

from marketing.messages.rendering import frozen_of, render
from marketing.messages.tags import TAGS
from marketing.models import Purpose, TemplateVersion

MOST = 200


def messages() -> list[tuple[str, str]]:
    """Public ID and name of every message that was approved once, those for care first."""
    newest = TemplateVersion.objects.order_by("template", "-number").distinct("template").select_related("template")
    rows = sorted(newest, key=lambda one: (one.purpose != Purpose.CARE, one.template.title, one.template_id))
    return [(one.template.public_id, one.template.title) for one in rows[:MOST]]


def preview(public_id: str) -> list[dict[str, Any]]:
    """What would be sent now, the last approved version, in each of its languages, with sample values for fields:
    `code`, `subject`, `preheader`, `html` (may be empty) and `text`. Empty for a message that cannot be sent."""
    version = TemplateVersion.objects.filter(template__public_id=public_id).order_by("-number").first()
    found = []
    for code in version.text if version is not None else ():
        frozen = frozen_of(version, code) if version is not None else None
        if frozen is not None:
            mail = render(frozen, {key: tag.sample for key, tag in TAGS.items()})
            found.append(
                {"code": code, "subject": mail.subject, "preheader": mail.preheader, "html": mail.html,
                 "text": mail.text}
            )  # fmt: skip
    return found
