"""Staff pages of segments: the list, the builder, the page of one, its acts, and what others show of it."""

import json
import re
from urllib.parse import parse_qs

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from analytics.models import Segment, SegmentSize, SegmentSnapshot
from analytics.segments import keeping, rules
from catalog.models import Customer
from core.choices import Role
from core.jobs import run_now
from core.models import Job
from tests.factories import (
    CustomerFactory,
    CustomerScoreFactory,
    CustomerStatsFactory,
    ProductFactory,
    SegmentFactory,
    ShopProfileFactory,
    SnapshotMemberFactory,
    StaffUserFactory,
)

LIST = "/admin/analytics/segment/"
ADD = f"{LIST}add/"
BUYERS = {"all": [{"field": "orders", "op": "gte", "value": 1}]}
pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    ShopProfileFactory.create(base_currency="EUR")
    cache.clear()  # the number of all customers
    return StaffUserFactory.create(role=Role.ANALYST)


@pytest.fixture
def client(person):
    client = Client()
    client.force_login(person)
    return client


def sign_in(role):
    other = Client()
    other.force_login(StaffUserFactory.create(role=role))
    return other


def row(place="r.0", field="orders", op="gte", values=("1",), **more):
    """What the browser sends for one condition."""
    return {
        f"was.{place}": field, f"wasop.{place}": op, f"field.{place}": field, f"op.{place}": op,
        f"value.{place}": list(values), **more,
    }  # fmt: skip


def form(*rows, nodes=("r.0",), mode="all", **more):
    data = {"name": "Buyers", "is_shared": "on", "mode.r": mode, "node": list(nodes)}
    for one in rows or (row(),):
        data |= one
    return data | more


def page_of(segment):
    return f"{LIST}{segment.pk}/change/"


# --- list ---------------------------------------------------------------------------------------------------------


def test_the_list_shows_size_change_share_age_and_use(client):
    CustomerStatsFactory.create(revenue=50)
    segment = SegmentFactory.create(name="Buyers", rule=BUYERS)
    SegmentFactory.create(rule={"field": "segment", "op": "in", "value": [segment.public_id]})
    keeping.keep()
    SegmentSize.objects.create(segment=segment, day=timezone.localdate() - timezone.timedelta(days=9), size=4)

    page = client.get(f"{LIST}?q=Buyers").content.decode()

    assert re.search(r"Buyers.*?Rule.*?>1<.*?−3.*?100%.*?just now.*?1 segment", page, re.S)


def test_in_a_shop_whose_history_ended_long_ago_a_size_is_not_compared_with_itself(client):
    segment = SegmentFactory.create(name="Buyers", rule=BUYERS, size=3, counted_at=timezone.now())
    day = timezone.localdate() - timezone.timedelta(days=5_000)
    SegmentSize.objects.create(segment=segment, day=day, size=3)

    assert "−" not in re.search(r"<tbody\b.*</tbody>", client.get(f"{LIST}?q=Buyers").content.decode(), re.S).group()
    SegmentSize.objects.create(segment=segment, day=day - timezone.timedelta(days=7), size=5)
    assert "−2" in client.get(f"{LIST}?q=Buyers").content.decode()


def test_the_list_asks_the_same_number_of_queries_for_any_number_of_rows(client, django_assert_max_num_queries):
    for _n in range(12):
        SegmentFactory.create(rule=BUYERS)
    keeping.keep()

    client.get(LIST)
    with django_assert_max_num_queries(12):
        assert client.get(LIST).status_code == 200


def test_private_segments_and_archived_ones_are_not_in_the_list(client, person):
    SegmentFactory.create(name="Of somebody else", is_shared=False)
    SegmentFactory.create(name="Of mine", is_shared=False, owner=person)
    SegmentFactory.create(name="Old one", archived_at=timezone.now())

    page = client.get(LIST).content.decode()

    assert "Of mine" in page
    assert "Of somebody else" not in page
    assert "Old one" not in page
    assert "Old one" in client.get(f"{LIST}?archived=1").content.decode()


# --- builder ------------------------------------------------------------------------------------------------------


def test_the_form_of_a_new_segment_takes_rule_and_name_from_the_address(client):
    address = rules.rule_address({"field": "revenue", "op": "gt", "value": 99.5}, "Big")

    page = client.get(address).content.decode()

    assert 'value="Big"' in page
    assert 'value="99.5"' in page
    assert '<option value="gt" selected>more than</option>' in page


@pytest.mark.parametrize(
    "rule", ["nonsense", "[" * 5_000, json.dumps({"field": "password", "op": "in", "value": ["x"]})]
)
def test_a_rule_in_the_address_that_cannot_be_used_is_said_and_the_form_begins_empty(client, rule):
    answer = client.get(ADD, {"rule": rule})

    assert answer.status_code == 200
    assert "The rule in the address cannot be used" in answer.content.decode()


def test_a_segment_is_saved_from_the_form_with_nested_groups(client, person):
    data = form(
        row(values=("3",)),
        row("r.1.0", "country", "in", ("DE", "FR")),
        row("r.1.1", "churn_90", "gte", ("50",)),
        row("r.1.2", "has_email", "is", ("no",)),
        row("r.1.3", "last_day", "within", ("30",)),
        row("r.1.4", "orders", "between", ("1", "5")),
        nodes=["r.0", "r.1", *(f"r.1.{n}" for n in range(5))], **{"mode.r.1": "none"}, name_zh_hans="买家",
    )  # fmt: skip

    answer = client.post(ADD, data)

    segment = Segment.objects.get(kind="rule")
    assert answer.headers["Location"] == page_of(segment)
    assert (segment.owner, segment.name_translations) == (person, {"zh-hans": "买家"})
    assert segment.current.rule == {
        "all": [
            {"field": "orders", "op": "gte", "value": 3},
            {
                "not": {
                    "any": [
                        {"field": "country", "op": "in", "value": ["DE", "FR"]},
                        {"field": "churn_90", "op": "gte", "value": 0.5},
                        {"field": "has_email", "op": "is", "value": False},
                        {"field": "last_day", "op": "within", "value": 30},
                        {"field": "orders", "op": "between", "value": [1, 5]},
                    ]
                }
            },
        ]
    }


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (form(row(values=("many",))), "Paid orders: a number is wanted."),
        (form(row(values=("",))), "Paid orders: a number is wanted."),
        (form(row(field="country", op="in", values=())), "Country: at least one value is wanted."),
        (form(nodes=()), "A group has at least one condition."),
        (form(name=""), "This field is required."),
        (form(row(field="segment", op="in", values=("1 OR 1=1",))), "IDs of 32 hexadecimal digits are wanted."),
    ],
)
def test_what_is_wrong_stands_beside_its_row_and_nothing_is_saved(client, data, said):
    answer = client.post(ADD, data)

    assert answer.status_code == 200
    assert said in answer.content.decode()
    assert not Segment.objects.filter(kind="rule").exists()


def test_acts_of_the_builder_add_group_move_and_remove(client):
    def after(act, data):
        page = client.post(f"{LIST}rule/", data | {"act": act}).content.decode()
        return re.findall(r'name="node" value="([^"]+)"', page), re.findall(r'name="field\.(\S+)"', page)

    two = form(row(), row("r.1", "revenue", "gt", ("5",)), nodes=("r.0", "r.1"))

    assert after("add:r", two) == (["r.0", "r.1", "r.2"],) * 2
    assert after("group:r", two) == (["r.0", "r.1", "r.2", "r.2.0"], ["r.0", "r.1", "r.2.0"])
    assert after("remove:r.0", two) == (["r.0"],) * 2
    assert after("remove:r.7", two) == (["r.0", "r.1"],) * 2
    moved = client.post(f"{LIST}rule/", two | {"act": "down:r.0"}).content.decode()
    assert moved.index('value="5"') < moved.index('value="1"')


def test_the_same_acts_work_without_scripts_and_save_nothing(client):
    page = client.post(ADD, form(act="add:r")).content.decode()

    assert page.count('name="node"') == 2
    assert 'value="Buyers"' in page
    assert not Segment.objects.filter(kind="rule").exists()


def test_no_group_is_offered_beyond_the_fifth(client):
    nodes = ["r.0", "r.0.0", "r.0.0.0", "r.0.0.0.0", "r.0.0.0.0.0"]
    groups = {f"mode.{place}": "all" for place in nodes[:4]}

    page = client.post(f"{LIST}rule/", form(row("r.0.0.0.0.0"), nodes=nodes, **groups, act="x")).content.decode()

    assert 'value="group:r.0.0.0"' in page
    assert 'value="group:r.0.0.0.0"' not in page


def test_another_field_clears_what_was_typed_for_the_one_before(client):
    data = form(row(values=("17",))) | {"field.r.0": "country", "act": ""}

    page = client.post(f"{LIST}rule/", data).content.decode()

    assert '<option value="country" selected>' in page
    assert 'value="17"' not in page


def test_products_are_found_by_name_or_sku_and_stay_when_ticked(client):
    shirt, lamp = ProductFactory.create(name="Linen shirt"), ProductFactory.create(name="Lamp")
    shirt.variants.create(sku="LS-1", stock=1)
    data = form(
        row(field="bought_product", op="in", values=(lamp.public_id,)), **{"find.r.0": "LS-1", "act": "find:r.0"}
    )

    page = client.post(f"{LIST}rule/", data).content.decode()

    assert re.search(rf'value="{lamp.public_id}"\s+checked', page)
    assert re.search(rf'value="{shirt.public_id}"\s*>', page)
    data["find.r.0"] = "nothing like it"
    assert "Nothing is called “nothing like it”." in client.post(f"{LIST}rule/", data).content.decode()


def test_enter_in_the_search_field_searches_and_saves_nothing(client):
    shirt = ProductFactory.create(name="Linen shirt")
    data = form(row(field="bought_product", op="in", values=()), **{"find.r.0": "Linen"})

    page = client.post(ADD, data).content.decode()

    assert shirt.public_id in page
    assert not Segment.objects.filter(kind="rule").exists()
    client.post(ADD, data | {"found.r.0": "Linen", "value.r.0": [shirt.public_id]})
    assert Segment.objects.filter(kind="rule").exists()


def test_the_preview_counts_and_shows_examples_to_those_who_may_see_people(client, person):
    CustomerStatsFactory.create(customer__name="Ana", orders=2, revenue=40)
    CustomerFactory.create(name="Ben")

    page = client.post(f"{LIST}preview/", form()).content.decode()

    assert re.search(r"1 customer\b.*50% of all 2.*Paid orders at least 1.*Ana.*2 orders, €40.00", page, re.S)
    blind = sign_in(Role.MERCHANDISER).post(f"{LIST}preview/", form()).content.decode()
    assert "1 customer" in blind
    may = StaffUserFactory.create(role=Role.MERCHANDISER).has_perm("catalog.view_customer")
    assert ("Ana" in blind) == may


def test_the_preview_says_that_the_same_rule_is_there_already(client):
    SegmentFactory.create(name="Known buyers", rule=BUYERS)

    assert "Known buyers" in client.post(f"{LIST}preview/", form()).content.decode()


def test_a_rule_of_fifty_groups_sent_by_hand_is_refused_in_words(client):
    place, nodes, modes = "r", [], {}
    for _level in range(50):
        place += ".0"
        nodes.append(place)
        modes[f"mode.{place}"] = "all"

    answer = client.post(f"{LIST}preview/", form(nodes=nodes, **modes))

    assert answer.status_code == 200
    assert "A rule may have at most 5 groups inside each other." in answer.content.decode()


# --- page ---------------------------------------------------------------------------------------------------------


def test_the_page_says_the_rule_its_size_members_and_versions(client):
    stats = CustomerStatsFactory.create(customer__name="Ana", revenue=40)
    segment = SegmentFactory.create(name="Buyers", rule=BUYERS)
    keeping.keep()

    page = client.get(page_of(segment)).content.decode()
    members = client.get(f"{LIST}{segment.pk}/members/").content.decode()
    profile = client.get(f"{LIST}{segment.pk}/profile/").content.decode()

    assert "Paid orders at least 1" in page
    assert "1 customers" in page or "1 customer" in page
    assert re.search(rf"/admin/catalog/customer/{stats.customer_id}/change/.*Ana.*€40.00", members, re.S)
    assert re.search(r"Revenue.*€40.00.*€40.00.*1.0×", profile, re.S)


def test_members_come_in_pages_by_number(client):
    segment = SegmentFactory.create(rule=BUYERS)
    pks = sorted((CustomerStatsFactory.create().customer_id for _n in range(30)), reverse=True)

    first = client.get(f"{LIST}{segment.pk}/members/").content.decode()
    second = client.get(f"{LIST}{segment.pk}/members/?after={pks[24]}").content.decode()

    def shown(page):
        return [int(pk) for pk in re.findall(r"/customer/(\d+)/change/", page)]

    assert (shown(first), shown(second)) == (pks[:25], pks[25:])
    assert f"?after={pks[24]}" in first
    assert "Next page" not in second
    assert client.get(f"{LIST}{segment.pk}/members/?after=x' OR 1=1").status_code == 200


def test_a_rule_that_is_gone_back_to_can_be_undone(client):
    segment = SegmentFactory.create(rule=BUYERS)
    data = form(row(values=("2",)), segment=segment.pk, opened=1)
    assert client.post(f"{LIST}{segment.pk}/edit/", data).status_code == 302

    client.post(f"{LIST}{segment.pk}/back/1/")

    segment.refresh_from_db()
    assert (segment.current.number, segment.current.rule) == (3, BUYERS)
    assert f"{LIST}{segment.pk}/back/2/" in client.get(page_of(segment)).content.decode()


def test_whoever_edits_an_older_version_is_told(client):
    segment = SegmentFactory.create(rule=BUYERS)
    client.post(f"{LIST}{segment.pk}/edit/", form(row(values=("2",)), opened=1))

    answer = client.post(f"{LIST}{segment.pk}/edit/", form(row(values=("3",)), opened=1))

    assert "Somebody else changed this segment meanwhile" in answer.content.decode()


def test_a_cluster_or_rfm_segment_takes_another_name_and_no_rule(client):
    champions = Segment.objects.get(key="champions")

    page = client.get(f"{LIST}{champions.pk}/edit/").content.decode()
    client.post(f"{LIST}{champions.pk}/edit/", {"name": "The best", "is_shared": "on", "opened": 1})

    champions.refresh_from_db()
    assert "Customers for whom" not in page
    assert (champions.name, champions.versions.count()) == ("The best", 1)


def test_segments_of_others_that_are_not_shared_do_not_exist(client):
    other = SegmentFactory.create(is_shared=False)

    for path in ("change/", "edit/", "members/", "profile/"):
        assert client.get(f"{LIST}{other.pk}/{path}").status_code == 404
    assert client.post(f"{LIST}{other.pk}/archive/").status_code == 404
    assert client.get(f"/admin/catalog/customer/?segment={other.public_id}").context["cl"].queryset.count() == 0


def test_archiving_can_be_undone_and_lists_are_kept(client):
    segment = SegmentFactory.create(rule=BUYERS)
    CustomerStatsFactory.create()

    client.post(f"{LIST}{segment.pk}/freeze/", {"purpose": "Letter"})
    client.post(f"{LIST}{segment.pk}/archive/")
    segment.refresh_from_db()
    assert segment.archived_at is not None
    client.post(f"{LIST}{segment.pk}/archive/", {"back": "1"})
    segment.refresh_from_db()
    assert segment.archived_at is None
    run_now("analytics.tasks.keep_list", snapshot_id=SegmentSnapshot.objects.get().pk)
    kept = SegmentSnapshot.objects.get()
    assert (kept.purpose, kept.size) == ("Letter", 1)
    assert f"?kept_list={kept.public_id}" in client.get(page_of(segment)).content.decode()


def test_a_button_asks_for_clusters_once(client):
    for _again in range(2):
        client.post(f"{LIST}clusters/")

    assert Job.objects.filter(kind="analytics.clusters").count() == 1


def test_the_page_of_a_rule_that_names_what_is_gone_says_so(client):
    segment = SegmentFactory.create(rule={"field": "bought_brand", "op": "in", "value": ["0" * 32]})

    assert "A brand in this rule does not exist any more" in client.get(page_of(segment)).content.decode()


# --- overlap ------------------------------------------------------------------------------------------------------


def test_the_matrix_says_how_many_of_the_row_are_in_the_column(client):
    CustomerStatsFactory.create(orders=3)
    CustomerStatsFactory.create(orders=1)
    buyers = SegmentFactory.create(name="Buyers", rule=BUYERS)
    often = SegmentFactory.create(name="Often", rule={"field": "orders", "op": "gte", "value": 2})

    page = client.get(f"{LIST}overlap/", {"segment": [buyers.public_id, often.public_id]}).content.decode()

    assert "1 customer is in “Buyers” and “Often”" in page
    address = re.findall(r'href="([^"]*segment/add/[^"]*)"', page)[0].replace("&amp;", "&")
    assert "Buyers &amp; Often" in client.get(address).content.decode()
    assert "50%" in page
    assert "100%" in page


def test_thirteen_segments_are_too_many_to_compare(client):
    ids = [SegmentFactory.create(rule=BUYERS).public_id for _n in range(13)]
    CustomerStatsFactory.create()

    assert "Choose at most 12 segments." in client.get(f"{LIST}overlap/", {"segment": ids}).content.decode()
    assert client.get(f"{LIST}overlap/", {"segment": ids[:12]}).content.decode().count("zg-heat-7") >= 132


# --- elsewhere ----------------------------------------------------------------------------------------------------


def test_the_list_of_customers_is_filtered_by_segment_and_by_kept_list(client):
    stats = CustomerStatsFactory.create(customer__name="Ana")
    CustomerFactory.create(name="Ben")
    segment = SegmentFactory.create(rule=BUYERS)
    kept = SnapshotMemberFactory.create(snapshot__segment=segment)

    def names(query):
        answer = client.get(f"/admin/catalog/customer/?{query}")
        return [str(one) for one in answer.context["cl"].queryset]

    assert names(f"segment={segment.public_id}") == ["Ana"]
    assert names(f"kept_list={kept.snapshot.public_id}") == [str(kept.customer)]
    assert names("segment=nonsense") == []
    assert stats.customer in Customer.objects.all()


def test_members_leave_the_house_through_the_export_of_customers(client):
    CustomerStatsFactory.create(customer__name="Ana")
    CustomerFactory.create(name="Ben")
    segment = SegmentFactory.create(rule=BUYERS)

    answer = client.post(f"/admin/catalog/customer/export/?segment={segment.public_id}", {"format": "csv"})

    text = b"".join(answer.streaming_content).decode()
    assert "Ana" in text
    assert "Ben" not in text


def test_the_page_of_a_customer_names_the_segments(client):
    customer = CustomerStatsFactory.create().customer
    CustomerScoreFactory.create(customer=customer, rfm_segment="champions")
    SegmentFactory.create(name="Buyers", rule=BUYERS)
    SegmentFactory.create(name="Nobody", rule={"field": "orders", "op": "gte", "value": 99})
    SegmentFactory.create(name="Secret", rule=BUYERS, is_shared=False)

    panel = client.get(f"/admin/catalog/customer/{customer.pk}/panel/analytics.segments/").content.decode()

    assert "Buyers" in panel
    assert "Champions" in panel
    assert "Nobody" not in panel
    assert "Secret" not in panel


def test_who_may_only_see_segments_has_no_buttons_to_change_them():
    ShopProfileFactory.create()
    segment = SegmentFactory.create(rule=BUYERS)

    page = sign_in(Role.AUDITOR).get(page_of(segment)).content.decode()

    for words in ("Change segment", "Keep list of now", "Archive", "Count now"):
        assert words not in page


def test_rule_addresses_of_other_pages_lead_back_to_the_same_rule():
    rule = {"all": [{"field": "country", "op": "in", "value": ["DE & FR", "Ü"]}]}

    address = rules.rule_address(rule, "A & B")

    query = parse_qs(address.partition("?")[2])
    assert (json.loads(query["rule"][0]), query["name"]) == (rule, ["A & B"])
