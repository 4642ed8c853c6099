"""A test message: one version of a step in each language, to the address of whoever asks, marked as a test.

It is no recipient of anything: no row, no code, nothing counted, no consent asked. It goes by the writer and the
provider of all mails, and not while the switch of messages is off.
"""

import hashlib
import hmac
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from core.exceptions import BadInput, DomainError
from core.jobs import Job, current_job_id, enqueue
from core.mail.writing import sender_address
from core.models import StaffUser
from marketing import links
from marketing.campaigns import lifecycle, words
from marketing.models import Campaign, Channel, MarketingSettings
from marketing.sending.channels import NotNow, Refused, Unanswered, provider_for
from marketing.sending.writing import Writer

SEND = "marketing.tasks.send_test_message"
TESTED = (Channel.EMAIL, Channel.IN_SITE)
"""What may be tried out, by a mail in both cases: it shows the words that would stand in the shop."""


def ask(campaign: Campaign, name: str, *, by: StaffUser) -> Job:
    """Let a job send the version `name` ("1b") to this person. Raises DomainError."""
    if campaign.channel not in TESTED:
        raise BadInput(_("Tests go by e-mail only."))
    if not by.email:
        raise BadInput(_("Your account has no e-mail address."))
    if not MarketingSettings.current().is_sending:
        raise DomainError(_("Messages are switched off."), code="switched_off")
    message = next((one for one in words.messages_of(campaign) if one.name == name), None)
    if message is None:
        raise BadInput(_("There is no message yet."))
    for code in lifecycle.languages():
        words.words_now(campaign, message, code)
    key = f"marketing.test:{campaign.pk}:{name}:{by.pk}"
    return enqueue(SEND, dedupe_key=key, created_by=by, campaign_id=campaign.pk, message=name, staff_id=by.pk)


def send(campaign_id: int, name: str, staff_id: int) -> dict[str, Any]:
    """The job. What the mail server does not take is said and not tried again."""
    campaign = Campaign.objects.select_related("offer").get(pk=campaign_id)
    person = StaffUser.objects.filter(pk=staff_id, is_active=True).exclude(email="").first()
    message = next((one for one in words.messages_of(campaign) if one.name == name), None)
    if person is None or message is None or not MarketingSettings.current().is_sending:
        return {"sent": 0}
    writer, provider, sent = Writer(), provider_for(Channel.EMAIL), 0
    offer = words.offer_of(campaign, message)
    for code in lifecycle.languages():
        frozen = words.words_now(campaign, message, code)
        if frozen is None:
            continue
        values = words.sample_values(code, name=person.get_full_name() or person.get_username(), offer=offer)
        values |= {"shop_url": links.absolute("/shop/")}
        values |= dict.fromkeys(("preferences_url", "unsubscribe_url"), links.absolute("/preferences/test"))
        mail = writer.write_test(
            frozen, values, message_id=_message_id(code), to=person.email, language=code,
            shown=words.sample_picks(frozen, code), is_shown=campaign.channel == Channel.IN_SITE,
        )  # fmt: skip
        try:
            provider.hand_over(mail)
        except (NotNow, Refused, Unanswered) as error:
            return {"sent": sent, "refused": type(error).__name__}
        sent += 1
    return {"sent": sent}


def _message_id(language: str) -> str:
    """The same when this job runs again."""
    said = hmac.new(settings.SECRET_KEY.encode(), f"marketing.test:{current_job_id()}".encode(), hashlib.sha256)
    host = sender_address().rpartition("@")[2] or "localhost"
    return f"<t{current_job_id() or 0}.{language}.{said.hexdigest()[:16]}@{host}>"
