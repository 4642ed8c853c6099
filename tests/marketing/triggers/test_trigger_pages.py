"""A campaign with a trigger from its form to running."""

import pytest
from django.test import Client
from django.urls import reverse

from core.choices import Role
from core.jobs import run_now
from marketing.models import Campaign
from marketing.triggers import enrolling
from tests.factories import ProductFactory, StaffUserFactory
from tests.marketing.triggers.conftest import ago

pytestmark = pytest.mark.django_db
ADD = "admin:marketing_campaign_add"


@pytest.fixture
def staff(shop_rules):
    def sign_in() -> Client:
        client = Client()
        client.force_login(StaffUserFactory.create(role=Role.MARKETER))
        return client

    return sign_in


@pytest.fixture
def said(staff):
    """What the form sends for a cart campaign."""
    empty = staff().get(reverse(ADD)).context["form"].initial
    return {
        **{key: value for key, value in empty.items() if value is not None},
        "name": "Carts", "audience": "", "trigger": "abandoned_cart", "abandoned_cart_wait_hours": "6",
        "abandoned_cart_repeat_days": "", "purpose": "offers", "channel": "email", "holdout": "0", "starts": "",
        "cost": "0", "subject_en": "{{products}}", "subject_zh_hans": "{{products}}",
        "price_drop_least_percent": "500",
    }  # fmt: skip


def do(client, made, name):
    client.post(reverse("admin:marketing_campaign_act", args=[made.pk]), {"act": name})
    made.refresh_from_db()
    return made.state


def test_from_the_form_to_running_with_a_second_person(staff, said):
    client, other = staff(), staff()
    client.post(reverse(ADD), said)

    made = Campaign.objects.get(name="Carts")
    assert (made.trigger, made.trigger_settings, made.audience) == ("abandoned_cart", {"wait_hours": 6}, None)
    page = reverse("admin:marketing_campaign_change", args=[made.pk])
    assert client.get(page).context["stops"] == []
    assert do(client, made, "check") == "checked"
    assert do(client, made, "approve") == "checked"  # the author
    assert "Approve this campaign?" in other.get(page).content.decode()
    assert do(other, made, "approve") == "approved"
    run_now("marketing.tasks.plan_campaign", campaign_id=made.pk)
    shown = client.get(page).content.decode()
    assert "to whom it happens from now on" in shown
    assert "Hours to wait: 6" in shown
    assert do(client, made, "run") == "running"


def test_numbers_out_of_bounds_are_refused_for_the_chosen_trigger_only(staff, said):
    client = staff()
    answer = client.post(reverse(ADD), {**said, "abandoned_cart_wait_hours": "1000"})
    assert "abandoned_cart_wait_hours" in answer.context["form"].errors
    assert Campaign.objects.count() == 0
    client.post(reverse(ADD), said)  # price_drop_least_percent is nonsense, and of another trigger
    assert Campaign.objects.get().trigger == "abandoned_cart"


def test_a_trigger_that_is_taken_out_takes_its_numbers_along(staff, said, person, act):
    client = staff()
    client.post(reverse(ADD), said)
    made = Campaign.objects.get()
    page = reverse("admin:marketing_campaign_change", args=[made.pk])

    client.post(page, {**said, "trigger": ""})

    made.refresh_from_db()
    assert (made.trigger, made.trigger_settings) == ("", {})
    assert any("Choose an audience" in one.text for one in client.get(page).context["stops"])
    act(person(), "cart", ProductFactory.create(), at=ago(hours=8))
    assert enrolling.run_all() == {}
