"""The frame of every staff page: language, menu, landmarks, the home page, plain error pages."""

import json
import re
from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from config.navigation import sidebar
from core import dashboard
from core.choices import Role
from core.components import Figure, toast
from core.dashboard import Card, Step, WorkItem
from core.extensions import dashboard_cards
from core.models import Job, StaffUser
from core.panels import Panel, collect
from tests.factories import JobFactory, ModelVersionFactory, StaffUserFactory

pytestmark = pytest.mark.django_db
PAGES = [
    "/admin/",
    "/admin/core/job/",
    "/admin/core/modelversion/",
    "/admin/core/staffuser/",
    "/admin/core/staffuser/add/",
    "/admin/core/staffrole/",
    "/admin/core/apikey/",
    "/admin/core/apikey/add/",
    "/admin/core/shopprofile/1/change/",
    "/admin/profile/",
    "/admin/password_change/",
]


@pytest.mark.parametrize("path", PAGES)
def test_each_page_has_one_title_one_main_part_and_a_way_around_the_menu(client, path):
    page = client.get(path).content.decode()

    assert len(re.findall(r"<h1[\s>]", page)) == 1
    assert len(re.findall(r"<main[\s>]", page)) == 1
    assert 'class="zg-skip" href="#zg-main"' in page
    assert 'id="zg-live"' in page
    assert 'aria-current="page"' in page or path in ("/admin/profile/", "/admin/password_change/")


@pytest.mark.parametrize("path", [*PAGES, "/admin/login/"])
def test_no_page_asks_another_host_for_anything(client, path):
    page = client.get(path, follow=True).content.decode()
    assert re.findall(r"(?:src|href|action)=\"(?:https?:)?//", page) == []


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_page_is_in_the_language_of_the_cookie(client, language):
    client.cookies["django_language"] = language
    assert f'<html lang="{language}"' in client.get("/admin/").content.decode()


def test_the_language_switch_stands_on_every_page_and_works_before_signing_in(shop):
    browser = Client()
    page = browser.get("/admin/login/").content.decode()
    assert f'action="{reverse("set_language")}"' in page

    browser.post(reverse("set_language"), {"language": "zh-hans", "next": "/admin/login/"})

    assert '<html lang="zh-hans"' in browser.get("/admin/login/").content.decode()


def test_the_language_of_the_profile_is_kept(client, boss):
    client.post("/admin/profile/", {"first_name": "Bo", "last_name": "", "email": "", "language": "zh-hans"})

    boss.refresh_from_db()
    assert (boss.first_name, boss.language) == ("Bo", "zh-hans")
    assert '<html lang="zh-hans"' in client.get("/admin/").content.decode()


def test_nobody_raises_themselves_on_the_profile_page(shop):
    tom = StaffUserFactory.create(username="tom")
    browser = Client()
    browser.force_login(tom)

    browser.post("/admin/profile/", {"first_name": "Tom", "language": "", "is_superuser": "on", "username": "x"})

    tom.refresh_from_db()
    assert (tom.first_name, tom.username, tom.is_superuser) == ("Tom", "tom", False)


# --- the menu -----------------------------------------------------------------------------------------------------


def menu(user: StaffUser) -> set[str]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return {item["link"] for group in sidebar(request) for item in group["items"]}


@pytest.mark.parametrize("role", Role)
def test_the_menu_of_a_role_has_exactly_the_pages_that_open(role, client_of):
    browser = client_of(role)
    everything = menu(StaffUserFactory.create(is_superuser=True))
    person = StaffUser.objects.get(groups__name=role.value)

    opened = {link for link in everything if browser.get(link).status_code in (200, 302)}

    assert menu(person) == opened


def test_the_menu_has_the_same_pages_in_every_language(shop):
    person = StaffUserFactory.create(is_superuser=True)
    with override("en"):
        english = menu(person)

    with override("zh-hans"):
        assert menu(person) == english
    assert reverse("admin:recommender_online") in english


def test_groups_without_items_do_not_appear(shop):
    request = RequestFactory().get("/admin/")
    request.user = StaffUserFactory.create()
    assert [str(group["title"]) for group in sidebar(request)] == [""]


# --- home ---------------------------------------------------------------------------------------------------------


def broken_card(request):
    raise RuntimeError("no figures")


def full_card(request):
    return Card(
        title="Test",
        work=[WorkItem("returns to check", 3, "/x/"), WorkItem("nothing here", 0, "/y/")],
        figures=[Figure("Orders today", 12, previous=10, base=100, period="yesterday")],
        steps=[Step("Import products", "/z/")],
    )


@pytest.fixture
def only_cards(monkeypatch):
    def use(**cards):
        monkeypatch.setattr(dashboard_cards, "_entries", {})
        for key, name in cards.items():
            dashboard_cards.register(key, f"tests.core.admin.test_frame.{name}")

    return use


def test_home_puts_the_work_of_all_cards_first_and_leaves_out_what_is_done(client, only_cards):
    only_cards(one="full_card")

    page = client.get("/admin/").content.decode()

    assert "3 things wait for you." in page
    assert "returns to check" in page
    assert "nothing here" not in page
    assert page.index("returns to check") < page.index("Orders today")
    assert "▲ 20%" in page
    assert "Import products" in page


def test_a_card_that_fails_is_named_and_the_others_stay(client, only_cards):
    only_cards(broken="broken_card", one="full_card")

    page = client.get("/admin/").content.decode()

    assert "could not be loaded" in page
    assert "returns to check" in page


def test_failed_jobs_wait_for_those_who_may_repeat_them(client_of):
    JobFactory.create(state=Job.State.FAILED, finished_at="2026-11-23T00:00:00Z")
    request = RequestFactory().get("/admin/")
    counts = {}
    for role in (Role.OPERATOR, Role.AUDITOR, Role.SUPPORT):
        client_of(role)
        request.user = StaffUser.objects.get(groups__name=role.value)
        card = dashboard.cards(request)
        counts[role] = len(card.work) if card else None

    assert counts == {Role.OPERATOR: 1, Role.AUDITOR: 0, Role.SUPPORT: None}


def test_the_card_of_jobs_and_models_asks_once(rf, boss, django_assert_num_queries):
    JobFactory.create_batch(2, state="queued")
    JobFactory.create(state="failed", finished_at=timezone.now())
    JobFactory.create(state="failed", finished_at=timezone.now() - timedelta(days=8))
    ModelVersionFactory.create(kind="uplift", number=4, state="active")
    ModelVersionFactory.create(kind="recommender", number=7, state="active")
    ModelVersionFactory.create(kind="recommender", number=8)
    request = rf.get("/admin/")
    request.user = boss
    boss.has_perm("core.view_job")
    with django_assert_num_queries(1):
        card = dashboard.cards(request)

    assert [(item.count, item.hint) for item in card.work] == [(1, "in the last 7 days")]
    assert card.context["running"] == 2
    assert [(live.title, live.number) for live in card.context["versions"]] == [("Recommender", 7), ("Uplift", 4)]


def test_home_asks_few_queries(client):
    JobFactory.create_batch(5)
    client.get("/admin/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/admin/")

    # Each card stands in a transaction of its own, so that one that breaks leaves the others.
    reads = [query for query in asked.captured_queries if "SAVEPOINT" not in query["sql"]]
    assert 0 < len(reads) <= 11


# --- parts --------------------------------------------------------------------------------------------------------


def good_panel(request, obj):
    return Panel("Facts", context={"rows": [("Colour", "red")]})


def broken_panel(request, obj):
    raise RuntimeError


def test_a_panel_that_fails_says_so_in_its_place(rf, boss):
    from core.extensions import Registry

    registry = Registry("test_panels")
    registry.register("good", "tests.core.admin.test_frame.good_panel", order=2)
    registry.register("broken", "tests.core.admin.test_frame.broken_panel", order=1, title="Sales")

    panels = collect(registry, rf.get("/"), object())

    assert [(str(panel.title), bool(panel.error)) for panel in panels] == [("Sales", True), ("Facts", False)]


def test_an_undo_posts_to_the_address_and_the_fields_it_was_given(rf):
    request = rf.get("/")
    from django.contrib.messages.storage.cookie import CookieStorage

    request._messages = CookieStorage(request)
    toast(request, "Price changed on 50 products", undo="/undo/", batch=7)

    (message,) = get_messages(request)
    assert json.loads(message.extra_tags) == {"url": "/undo/", "fields": {"batch": "7"}}


def test_a_form_with_mistakes_lists_them_with_links_to_the_fields(client):
    page = client.post("/admin/core/staffuser/add/", {"email": "", "language": ""}).content.decode()

    assert re.search(r"<title>\s*Error:", page)
    assert '<a href="#id_email">' in page
    assert 'role="alert"' in page


@pytest.mark.parametrize(
    ("language", "lists"),
    [
        ("en", {"core/staffuser": "Staff", "core/job": "Jobs", "marketing/recipient": "Messages"}),
        ("zh-hans", {"core/staffuser": "员工", "core/job": "任务", "marketing/recipient": "消息"}),
    ],
)
def test_the_tab_of_a_list_is_called_as_its_page_is(client, language, lists):
    client.cookies["django_language"] = language

    for path, name in lists.items():
        page = client.get(f"/admin/{path}/").content.decode()
        assert re.search(r"<title>\s*(.*?)\s*\|", page)[1] == name
        assert re.search(r"<h1[^>]*>\s*([^<]*?)\s*<", page)[1] == name


def test_the_tab_of_a_page_about_one_thing_begins_with_its_name(client):
    person = StaffUserFactory.create(username="mei")

    page = client.get(f"/admin/core/staffuser/{person.pk}/change/").content.decode()

    assert re.search(r"<title>\s*(.*?)\s*\|", page)[1] == re.search(r"<h1[^>]*>\s*([^<]*?)\s*<", page)[1]
    home = client.get("/admin/").content.decode()
    assert re.search(r"<title>\s*(.*?)\s*\|", home)[1] == "Home"


def test_sorted_columns_say_so_and_a_filter_shows_as_a_chip(client):
    page = client.get("/admin/core/staffuser/?o=0&is_active__exact=1").content.decode()

    assert 'aria-sort="ascending"' in page
    assert "Without the filter Active" in page


def test_pages_that_cannot_be_shown_are_plain_and_in_the_language_of_the_reader(shop):
    browser = Client()
    browser.force_login(StaffUserFactory.create())
    browser.cookies["django_language"] = "zh-hans"

    forbidden = browser.get("/admin/core/job/")
    missing = browser.get("/admin/nowhere/")

    assert (forbidden.status_code, missing.status_code) == (403, 404)
    assert b'<html lang="zh-hans">' in forbidden.content
    assert b"core/plain" in missing.content
