"""Staff pages of campaigns."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from core.choices import Role
from core.jobs import execute
from core.models import Job
from marketing import dashboard
from marketing.admin import campaign_page
from marketing.campaigns import lifecycle
from marketing.models import Campaign, MarketingSettings, Offer, Recipient
from tests.factories import OfferFactory, StaffUserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(marketing_shop):
    def sign_in(role: Role = Role.MARKETER) -> Client:
        client = Client()
        client.force_login(StaffUserFactory.create(role=role))
        return client

    return sign_in


def page_of(made: Campaign) -> str:
    return reverse("admin:marketing_campaign_change", args=[made.pk])


def act(client: Client, made: Campaign, name: str) -> int:
    return client.post(reverse("admin:marketing_campaign_act", args=[made.pk]), {"act": name}).status_code


def test_the_list_stays_within_twelve_queries(staff, campaign, django_assert_max_num_queries):
    for _n in range(6):
        campaign()
    client = staff()
    address = reverse("admin:marketing_campaign_changelist")
    client.get(address)
    with django_assert_max_num_queries(12):
        page = client.get(address).content.decode()
    assert page.count("Tea") >= 6


def test_a_campaign_goes_from_the_form_to_running(staff, agreed, campaign, django_assert_max_num_queries):
    agreed(20)
    segment = campaign().audience.segment_id
    client, other = staff(), staff()
    said = {
        "name": "Autumn", "audience": f"segment:{segment}", "purpose": "offers", "channel": "email", "holdout": "20",
        "starts": "", "cost": "0.01", "subject_en": "Tea", "subject_zh_hans": "茶",
        "preheader_en": "New", "preheader_zh_hans": "新", "shape": "1.ab", "weight": "1", "s1b_weight": "1",
        "s1b_subject_en": "Fresh tea", "s1b_subject_zh_hans": "新茶",
    }  # fmt: skip
    empty = client.get(reverse("admin:marketing_campaign_add")).context["form"].initial
    said |= {name: empty[name] for name in ("body_en", "body_zh_hans")}

    reach = client.post(reverse("admin:marketing_campaign_reach"), said).content.decode()
    assert "20 of 20 can be reached" in reach
    form = client.get(reverse("admin:marketing_campaign_add")).content.decode()
    assert 'hx-sync="this:queue last"' in form  # a count that a later choice cuts off is an error in the console
    answer = client.post(reverse("admin:marketing_campaign_add"), said)
    made = Campaign.objects.get(name="Autumn")
    assert answer.url == page_of(made)
    assert [arm["key"] for arm in made.steps.get().arms] == ["a", "b"]
    assert client.get(page_of(made)).context["stops"] == []

    act(client, made, "check")
    act(other, made, "approve")
    act(client, made, "plan")
    made.refresh_from_db()
    assert made.state == "approved"
    job = Job.objects.get(kind="marketing.plan")
    again = f"{reverse('admin:core_job_progress', args=[job.pk])}?then=page"
    polls = rf'hx-get="/admin/core/job/{job.pk}/progress/\?shown=[^"&]+&amp;then=page"'
    assert re.search(polls, client.get(page_of(made)).text)
    assert "HX-Refresh" not in client.get(again)
    execute(Job.objects.get(kind="marketing.plan").pk)
    assert client.get(again)["HX-Refresh"] == "true"  # the page then offers to send
    act(client, made, "run")
    made.refresh_from_db()
    assert made.state == "running"
    assert Recipient.objects.filter(campaign=made).count() == 20
    client.get(page_of(made))
    with django_assert_max_num_queries(12):
        page = client.get(page_of(made)).content.decode()
    assert "Pause campaign" in page
    assert "Nothing counted yet." in page


def test_a_form_with_a_field_that_nobody_fills_in_says_so_and_is_not_checked(staff, agreed, campaign):
    agreed(1)
    made = campaign()
    message = made.steps.get().template
    message.body = {**message.body, "en": "{{customer.password}} {{unsubscribe_url}}"}
    message.save()
    client = staff()
    page = client.get(page_of(made))
    assert len(page.context["stops"]) == 1
    act(client, made, "check")
    made.refresh_from_db()
    assert made.state == "draft"


def test_the_preview_shows_what_a_customer_gets_in_each_language(staff, campaign):
    made = campaign()
    page = staff().get(reverse("admin:marketing_campaign_preview", args=[made.pk])).content.decode()
    assert "Hello Li Na, tea is here." in page
    assert "李娜，新茶到了。" in page


def test_who_may_only_look_sees_no_buttons_and_is_refused(staff, agreed, campaign):
    agreed(2)
    made = campaign()
    client = staff(Role.ANALYST)
    assert "Check campaign" not in client.get(page_of(made)).content.decode()
    assert act(client, made, "check") == 403
    assert client.get(reverse("admin:marketing_campaign_add")).status_code == 403
    assert staff(Role.EDITOR).get(page_of(made)).status_code == 403


def test_the_author_of_a_large_campaign_is_told_to_ask_somebody(staff, agreed, campaign):
    agreed(3)
    MarketingSettings.current()
    MarketingSettings.objects.update(second_person_above=1)
    made = campaign()
    client = staff()
    act(client, made, "check")
    page = client.get(page_of(made)).content.decode()
    assert "a second person" in page
    assert "Approve campaign" not in page
    act(client, made, "approve")
    made.refresh_from_db()
    assert made.state == "checked"
    assert "Approve campaign" in staff().get(page_of(made)).content.decode()


def test_home_names_the_campaigns_that_wait_for_this_person(staff, agreed, campaign):
    agreed(3)
    author, other = staff(), staff()
    made = campaign()
    act(author, made, "check")

    def waiting(client: Client) -> list[tuple[str, int, str]]:
        request = client.get("/admin/").wsgi_request
        found = dashboard.card(request)
        return [(str(one.label), one.count, one.url) for one in (found.work if found else ()) if one.count]

    assert waiting(author) == []  # nobody approves what they checked themselves
    assert waiting(other) == [("campaign to approve", 1, page_of(made))]
    act(other, made, "approve")
    assert waiting(author) == [("campaign to plan", 1, page_of(made))]
    campaign()
    Campaign.objects.update(state="paused")
    paused = f"{reverse('admin:marketing_campaign_changelist')}?state__exact=paused"
    assert waiting(author) == [("campaigns are paused", 2, paused)]
    assert "stopped by itself" not in author.get("/admin/").text
    Campaign.objects.filter(pk=made.pk).update(pause_reason="5% bounced")
    assert "1 stopped by itself" in author.get("/admin/").text
    assert "Tea" in author.get(paused).content.decode()
    assert waiting(staff(Role.ANALYST)) == []


def test_a_running_campaign_is_not_edited_by_the_form(staff, agreed, campaign):
    agreed(2)
    made = campaign()
    lifecycle.mark_checked(made, by=None)
    client = staff()
    client.post(page_of(made), {"name": "Other"})
    made.refresh_from_db()
    assert made.name == "Tea"
    assert "Back to the draft" in client.get(page_of(made)).content.decode()


def test_fields_of_an_occasion_stand_with_their_trigger_only(staff):
    page = staff().get(reverse("admin:marketing_campaign_add"))

    names = [name for name, _tag in page.context["tags"]]
    assert {"name", "coupon_code"} <= set(names)
    assert not {"products", "product_url", "price_before", "price_now"} & set(names)
    assert page.content.decode().count("{{price_before}}") == 1
    assert "in an &lt;mj-text&gt; of their own" in page.content.decode()


def test_fewer_codes_than_people_are_told_before_anything_goes_out(staff, agreed, campaign):
    agreed(4)
    offer = OfferFactory.create(name="Spring", max_codes=2)
    made = campaign(offer=offer)
    Campaign.objects.update(holdout_share=0)
    client, other = staff(), staff()
    assert "The offer&#x27;s code stands nowhere in the message" in client.get(page_of(made)).text
    message = made.steps.get().template
    message.body = {code: f"{text} {{{{coupon_code}}}}" for code, text in message.body.items()}
    message.save()
    assert "stands nowhere in the message" not in client.get(page_of(made)).text
    few = "The offer has 2 codes left for about 4 people: whoever comes later gets no message."
    act(client, made, "check")
    assert few in client.get(page_of(made)).text
    act(other, made, "approve")
    act(client, made, "plan")
    execute(Job.objects.get(kind="marketing.plan").pk)
    assert few in client.get(page_of(made)).text
    Offer.objects.update(max_codes=4)
    assert "codes left" not in client.get(page_of(made)).text
    act(client, made, "run")
    none = "No codes of the offer are left: whoever would get one from now on gets no message."
    assert none not in client.get(page_of(made)).text
    Offer.objects.update(max_codes=0)
    assert none in client.get(page_of(made)).text
    assert "No codes of “Spring” are left" in lifecycle.findings(made)[0][0].text


def test_who_gets_it_is_said_where_a_trigger_needs_no_audience(staff, marketing_shop):
    said = {"trigger": "abandoned_cart", "purpose": "offers", "channel": "email", "holdout": "10"}

    card = staff().post(reverse("admin:marketing_campaign_reach"), said).text

    assert "Everybody to whom it happens and who agreed." in card
    assert "Choose an audience to see who can be reached." not in card


def test_versions_with_offers_of_their_own_are_counted_together(campaign, agreed):
    agreed(4)
    first, second = OfferFactory.create(max_codes=3), OfferFactory.create(max_codes=None, budget=None)
    made = campaign(arms=[{"key": "a", "weight": 1, "offer": first.pk}, {"key": "b", "weight": 1, "offer": second.pk}])
    made.counts = {"all": 8, "reachable": 8}
    made.state = "checked"
    assert campaign_page.codes_note(made) == ""  # the second gives as many as are wanted
    Offer.objects.filter(pk=second.pk).update(max_codes=2)
    assert "5 codes left for about 6 people" in campaign_page.codes_note(made)
