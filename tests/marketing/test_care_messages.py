"""A care programme with the sender of this installation: the message is chosen, looked at, planned once and sent."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.choices import Role
from core.models import OutgoingMail
from crm.care import programmes, running
from crm.care import words as care_words
from crm.models import CareEnrolment, CareProgramme
from marketing.messages.tags import TAGS
from marketing.models import Recipient
from marketing.sending import choosing, working
from tests.factories import (
    CareProgrammeFactory,
    ConsentFactory,
    CustomerFactory,
    StaffUserFactory,
    TemplateFactory,
    TemplateVersionFactory,
)

pytestmark = pytest.mark.django_db
FORM = {"name": "Welcome", "trigger": "welcome", "wait_days": "1", "reach_days": "3", "action": "message", "points": "",
        "instructions": "", "control_percent": "0"}  # fmt: skip


@pytest.fixture
def version(shop_rules):
    words = {"en": "Welcome, {{name}}", "zh-hans": "欢迎，{{name}}"}
    return TemplateVersionFactory.create(template__name="Welcome mail", purpose="care", subject=words, text=words)


@pytest.fixture
def marketer(shop_rules):
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.MARKETER))
    return client


def test_what_was_approved_may_be_chosen_care_first_and_drafts_may_not(version):
    TemplateFactory.create(name="Draft")
    other = TemplateVersionFactory.create(template__name="An offer", purpose="offers")

    assert choosing.messages() == [
        (version.template.public_id, "Welcome mail"), (other.template.public_id, "An offer"),
    ]  # fmt: skip
    assert choosing.preview("0" * 32) == []


def test_a_programme_writes_once_with_the_approved_message(version, marketer):
    joined = timezone.now() - timedelta(days=2)
    lin = CustomerFactory.create(name="Lin", email="lin@shop.test", language="en", joined_at=joined)
    ConsentFactory.create(customer=lin, purpose="care")
    silent = CustomerFactory.create(email="silent@shop.test", joined_at=joined)

    page = marketer.get(reverse("admin:crm_careprogramme_add")).content.decode()
    assert f'value="{version.template.public_id}"' in page
    marketer.post(reverse("admin:crm_careprogramme_add"), FORM | {"template_public_id": version.template.public_id})
    care = CareProgramme.objects.get()
    marketer.post(reverse("admin:crm_care_switch"), {"programme": care.pk, "to": "on"})

    for _twice in range(2):
        running.run(care.pk)
        working.run()

    assert [mail.to for mail in OutgoingMail.objects.all()] == ["lin@shop.test"]
    assert OutgoingMail.objects.get().text.startswith("Welcome, Lin")
    enrolment = CareEnrolment.objects.get(customer=lin)
    assert Recipient.objects.get(customer=lin).key == f"care:{enrolment.pk}"
    assert Recipient.objects.get(customer=silent).state == "skipped"
    assert care_words.came_of(enrolment) == "Message planned"


def test_the_page_of_a_programme_shows_what_would_be_sent(version, marketer):
    care = CareProgrammeFactory.create(action="message", template_public_id=version.template.public_id, points=None)

    page = marketer.get(reverse("admin:crm_careprogramme_change", args=[care.pk])).content.decode()

    name = TAGS["name"].sample
    assert f"Welcome, {name}" in page
    assert f"欢迎，{name}" in page


def test_a_message_that_is_gone_is_named_as_such_and_can_be_changed(shop_rules, marketer):
    care = CareProgrammeFactory.create(action="message", template_public_id="gone", points=None)

    page = marketer.get(reverse("admin:crm_careprogramme_change", args=[care.pk])).content.decode()

    assert "This message cannot be sent" in page
    assert "a message that is not there any more" in page


def test_what_was_never_approved_cannot_be_chosen(shop_rules, marketer):
    draft = TemplateFactory.create()

    marketer.post(reverse("admin:crm_careprogramme_add"), FORM | {"template_public_id": draft.public_id})

    assert not CareProgramme.objects.exists()
    assert "message" in dict(programmes.actions())
