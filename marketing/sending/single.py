"""One message to one customer under a key: what care programmes ask for (core.extensions.message_doors)."""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from marketing.models import Purpose, Recipient, Template, TemplateVersion


def send_once(
    customer_id: int, *, template_public_id: str, purpose: str, key: str, due_at: datetime | None = None,
) -> str:  # fmt: skip
    """Plan one message; the same key again plans nothing and says how the first one stands.

    Consent, suppression, frequency and quiet hours are looked at when it goes. The message is the last approved version
    of the template. Returns a state of `Recipient.State`. Raises ValueError for an unknown purpose, for a template that
    does not exist or was never approved, and for a key that is empty or longer than 120 characters.
    """
    if not key or len(key) > 120:
        raise ValueError("A key has 1 to 120 characters.")
    if purpose not in Purpose.values:
        raise ValueError(f"No such purpose: {purpose}.")
    known = Recipient.objects.filter(key=key).values_list("state", flat=True).first()
    if known is not None:
        return str(known)
    version = _version(template_public_id)
    row = Recipient(
        customer_id=customer_id, key=key, template_version=version, purpose=purpose, channel=version.channel,
        due_at=due_at or timezone.now(),
    )  # fmt: skip
    with transaction.atomic():
        Recipient.objects.bulk_create([row], ignore_conflicts=True)
    return str(Recipient.objects.values_list("state", flat=True).get(key=key))


def _version(public_id: str) -> TemplateVersion:
    template = Template.objects.filter(public_id=public_id).first()
    if template is None:
        raise ValueError("No such message template.")
    version = template.versions.order_by("-number").first()
    if version is None:
        raise ValueError("This message template was never approved.")
    return version
