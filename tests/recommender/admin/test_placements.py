"""The page that steers a placement."""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from catalog.models import Customer
from core import model_registry as registry
from core.choices import Role
from core.models import Experiment, ExperimentLook, ModelVersion
from recommender import reasons, services, wishes
from recommender.choices import RECOMMENDER
from recommender.models import Placement, PlacementRule, RecommendationDay
from tests.factories import ExperimentFactory, ShopProfileFactory, StaffUserFactory, TrainingSettingsFactory

LIST = "/admin/recommender/placement/"
pytestmark = pytest.mark.django_db


@pytest.fixture
def merchandiser(trained):
    ShopProfileFactory.create()
    wishes.forget()
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.MERCHANDISER))
    yield client
    wishes.forget()


@pytest.fixture
def home(trained):
    return Placement.objects.get(key="home")


def form(placement, *rules, **more):
    """What the browser sends: the fields of the page and the rows of its rules."""
    data = {
        "name": placement.name, "key": placement.key, "surface": placement.surface, "strategy": placement.strategy,
        "fallback": placement.fallback, "slots": 10, "diversity": "0", "exploration": "0", "is_on": "on",
        "opened_version": placement.version, "rules-TOTAL_FORMS": len(rules), "rules-INITIAL_FORMS": 0,
    }  # fmt: skip
    for number, one in enumerate(rules):
        data |= {f"rules-{number}-{name}": value for name, value in {"strength": "2", **one}.items()}
    return data | more


def test_saving_the_page_makes_a_version_with_its_rules(merchandiser, home, trained):
    pin = {"kind": "pin", "product": trained.green[0].pk, "slot": 1, "note": "spring"}
    barred = {"kind": "exclude", "brand": trained.blue[0].brand_id}

    answer = merchandiser.post(f"{LIST}{home.pk}/change/", form(home, pin, barred, slots=6))

    assert answer.status_code == 302
    home.refresh_from_db()
    assert (home.version, home.slots) == (2, 6)
    assert [(one.kind, one.slot, one.note) for one in home.rules.order_by("id")] == [
        ("pin", 1, "spring"), ("exclude", None, ""),
    ]  # fmt: skip
    assert (
        home.versions.get(number=2).saved_by.username in merchandiser.get(f"{LIST}{home.pk}/change/").content.decode()
    )


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"kind": "exclude"}, "Choose one product, one category or one brand."),
        ({"kind": "pin", "product": "PRODUCT"}, "Say in which slot it is pinned, counted from 1."),
        ({"kind": "pin", "product": "PRODUCT", "slot": 11}, "Slot 11 does not exist"),
        ({"kind": "pin", "brand": "BRAND", "slot": 1}, "Only a product can be pinned."),
        ({"kind": "boost", "brand": "BRAND", "starts_at_0": "2026-02-02", "starts_at_1": "00:00",
          "ends_at_0": "2026-02-01", "ends_at_1": "00:00"}, "The end must be after the start."),
    ],
)  # fmt: skip
def test_a_rule_that_makes_no_sense_says_why_and_nothing_is_saved(merchandiser, home, trained, row, words):
    known = {"PRODUCT": trained.green[0].pk, "BRAND": trained.green[0].brand_id}
    page = merchandiser.post(
        f"{LIST}{home.pk}/change/", form(home, {name: known.get(value, value) for name, value in row.items()})
    )

    assert words in page.content.decode()
    home.refresh_from_db()
    assert (home.version, home.rules.count()) == (1, 0)


def test_beside_a_form_that_could_not_be_saved_stands_what_the_placement_brought_as_it_is_saved(merchandiser, home):
    def told(page):
        page = page.content.decode()
        return [
            re.sub(r"<[^>]*>|\s+", " ", found).strip()
            for found in re.findall(r'<h2 id="rec-(?:against|versions)[^>]*>(.*?)</h2>', page, re.DOTALL)
        ]

    before = told(merchandiser.get(f"{LIST}{home.pk}/change/"))
    refused = told(merchandiser.post(f"{LIST}{home.pk}/change/", form(home, {"kind": "exclude"}, name="Another name")))

    assert before == refused == [f"{home.name} against a control", "Versions"]


def test_who_opened_the_page_before_somebody_else_saved_is_told(merchandiser, home):
    sent = form(home, slots=4)
    services.save_placement(Placement.objects.get(pk=home.pk), [], by=None)

    page = merchandiser.post(f"{LIST}{home.pk}/change/", sent, follow=True)

    assert "Somebody else saved this placement meanwhile." in page.content.decode()
    home.refresh_from_db()
    assert (home.version, home.slots) == (2, 10)


def test_trying_shows_both_lists_and_writes_nothing(merchandiser, home, trained):
    barred = {"kind": "exclude", "product": trained.blue[0].pk}

    page = merchandiser.post(f"{LIST}{home.pk}/try/", form(home, barred, slots=20)).content.decode()

    before, after = page.split('id="rec-after"')
    assert "blue-0" in before
    assert "blue-0" not in after
    assert "slots would change" in page
    home.refresh_from_db()
    assert (home.version, home.rules.count()) == (1, 0)


def test_what_is_tried_says_for_whom_by_which_model_and_of_when(merchandiser, home, trained):
    ana = Customer.objects.get(pk=trained.customers[0].pk)
    merchandiser.force_login(StaffUserFactory.create(role=Role.OWNER))  # who may see customers, too

    def origin(**asked):
        page = merchandiser.post(f"{LIST}{home.pk}/try/", form(home, **asked)).content.decode()
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", re.search(r'<p class="rec-origin">(.*?)</p>', page, re.S)[1]))

    known, unknown = origin(try_customer=ana.public_id), origin()

    assert f"As {ana.name} sees it" in known
    assert "As somebody unknown sees it" in unknown
    version = ModelVersion.objects.get()
    assert f"{version.name} · " in known
    assert "as of " in known
    ModelVersion.objects.all().delete()
    registry.forget_loaded()
    assert "No model yet" in origin()


def test_one_method_alone_can_be_chosen_tried_saved_and_taken_back(merchandiser, home, trained):
    held = registry.active(RECOMMENDER).meta["voices"][0]["name"]

    page = merchandiser.get(f"{LIST}{home.pk}/change/").content.decode()
    there, missing = (
        merchandiser.post(f"{LIST}{home.pk}/try/", form(home, strategy=name)).content.decode()
        for name in (held, "two_tower")
    )
    TrainingSettingsFactory.create()
    learned = merchandiser.post(f"{LIST}{home.pk}/try/", form(home, strategy="two_tower")).content.decode()
    merchandiser.post(f"{LIST}{home.pk}/change/", form(home, strategy=held))

    assert '<optgroup label="One method alone">' in page
    assert "rec-steered" in page  # two columns from the first line on: nothing moves when the right one arrives
    assert "rec-steered" not in merchandiser.get(f"{LIST}add/").content.decode()
    assert "Nothing learns the two-tower network yet" in missing
    assert "does not have this method by itself" in learned
    assert f"It has: {reasons.strategy_name(held)}" in missing
    assert "stands in" not in there
    home.refresh_from_db()
    assert (home.strategy, home.version) == (held, 2)
    merchandiser.post(f"{LIST}{home.pk}/restore/1/")
    home.refresh_from_db()
    assert (home.strategy, home.version) == ("automatic", 3)


def test_a_customer_who_is_unknown_or_one_of_several_is_told_apart_from_products(merchandiser, home, trained):
    Customer.objects.filter(pk=trained.customers[0].pk).update(name="Li Na")
    Customer.objects.filter(pk=trained.customers[1].pk).update(name="Li Wei")
    li = Customer.objects.get(name="Li Wei").public_id
    merchandiser.force_login(StaffUserFactory.create(role=Role.OWNER))  # who may see customers, too

    def tried(**asked):
        return merchandiser.post(f"{LIST}{home.pk}/try/", form(home, **asked)).content.decode()

    nobody, several = tried(try_customer="Zhang", try_basket="none-such"), tried(try_customer="Li")
    one = tried(try_customer=li, try_chosen="1")

    assert "No customer fits “Zhang”. What follows is for somebody unknown." in " ".join(nobody.split())
    assert "No product has the SKU or ID none-such. The rest is used." in " ".join(nobody.split())
    assert "Several customers fit. Choose one:" in several
    assert "SKU" not in several
    assert sorted(re.findall(r">(Li \w+)</button>", several)) == ["Li Na", "Li Wei"]
    assert f'"try_customer": "{li}"' in several
    assert "No customer fits" not in one
    assert "Several customers" not in one
    assert f'value="{li}"' in one  # the field holds who was chosen, for the next comparison
    assert "hx-swap-oob" not in tried(try_customer=li)


def test_places_of_every_storefront_stay_and_the_shops_own_go_with_their_versions_counted(merchandiser, home, trained):
    own = Placement(key="thanks", surface="home", name="Thanks")
    for _time in range(3):
        services.save_placement(own, [PlacementRule(kind="boost", product=trained.green[0])], by=None)

    for built_in in Placement.objects.filter(key__in=Placement.Surface.values):
        assert merchandiser.post(f"{LIST}{built_in.pk}/delete/", {"post": "yes"}).status_code == 403
    page = merchandiser.get(f"{LIST}{home.pk}/change/").content.decode()
    asked = " ".join(merchandiser.get(f"{LIST}{own.pk}/delete/").content.decode().split())

    assert f"{LIST}{home.pk}/delete/" not in page
    assert Placement.objects.filter(key__in=Placement.Surface.values).count() == 6
    assert f"{LIST}{own.pk}/delete/" in merchandiser.get(f"{LIST}{own.pk}/change/").content.decode()
    assert "<dt>Placement versions</dt><dd>3</dd>" in asked
    assert "<dt>Placement rules</dt><dd>1</dd>" in asked
    assert merchandiser.post(f"{LIST}{own.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Placement.objects.filter(key="thanks").exists()


def test_saving_offers_to_take_it_back(merchandiser, home, trained):
    page = merchandiser.post(f"{LIST}{home.pk}/change/", form(home, slots=6), follow=True).content.decode()

    assert "Placement saved" in page
    assert f"{LIST}{home.pk}/restore/1/" in page
    merchandiser.post(f"{LIST}{home.pk}/restore/1/")
    home.refresh_from_db()
    assert (home.slots, home.version) == (10, 3)


def test_going_back_restores_the_version(merchandiser, home, trained):
    rule = PlacementRule(kind="boost", product=trained.green[0])
    services.save_placement(home, [rule], by=None)
    services.save_placement(home, [], by=None)

    merchandiser.post(f"{LIST}{home.pk}/restore/2/")

    home.refresh_from_db()
    assert (home.version, home.rules.get().product) == (4, trained.green[0])


def test_that_a_version_came_back_is_told_in_the_language_of_the_reader(merchandiser, home, trained):
    services.save_placement(home, [], by=None)
    merchandiser.post(f"{LIST}{home.pk}/restore/1/")  # saved by somebody who reads English

    page = merchandiser.get(f"{LIST}{home.pk}/change/", headers={"accept-language": "zh-hans"}).content.decode()

    assert "回到版本 1" in page
    assert "Back to version 1" not in page


def test_the_list_asks_few_queries(merchandiser, django_assert_max_num_queries):
    merchandiser.get(LIST)
    with django_assert_max_num_queries(12):
        page = merchandiser.get(LIST).content.decode()

    assert "Picked for you" in page


@pytest.mark.parametrize(("has_experiment", "most"), [(False, 12), (True, 12)])
def test_the_page_of_a_placement_asks_few_queries_however_many_rules_and_versions_it_has(
    merchandiser, home, trained, django_assert_max_num_queries, has_experiment, most
):
    rules = [
        PlacementRule(kind="pin", product=trained.green[0], slot=1),
        PlacementRule(kind="pin", product=trained.green[1], slot=2),
        PlacementRule(kind="boost", brand=trained.blue[0].brand),
        PlacementRule(kind="bury", category=trained.blue[0].category),
        PlacementRule(kind="exclude", product=trained.blue[1]),
        PlacementRule(kind="exclude", product=trained.blue[2]),
    ]
    editor = StaffUserFactory.create(role=Role.MERCHANDISER)
    for _version in range(4):
        services.save_placement(home, rules, by=editor)
        home.refresh_from_db()
    arms = [0]
    if has_experiment:
        experiment = ExperimentFactory.create(state=Experiment.State.RUNNING, weights=[50, 25, 25])
        ExperimentLook.objects.create(experiment=experiment, looked_at=timezone.now(), sample_ratio_p=1.0)
        arms = [arm.pk for arm in experiment.arms.all()]
    for arm in arms:
        RecommendationDay.objects.create(
            day=timezone.localdate(), placement="home", arm_id=arm, people=9, lists=9, clicked=1
        )
    merchandiser.get(f"{LIST}{home.pk}/change/")

    with django_assert_max_num_queries(most):
        page = merchandiser.get(f"{LIST}{home.pk}/change/")

    assert len(page.context["history"]) == 5
    assert page.context["online_lists"] == 9 * len(arms)
    rows = page.context["inline_admin_formsets"][0].formset.forms
    assert [re.findall(r'value="(\d+)" selected', str(form["product"])) for form in rows] == [
        [str(rule.product_id)] if rule.product_id else [] for rule in home.rules.all()
    ]
    assert f'value="{trained.blue[0].category_id}" selected' in str(rows[3]["category"])


def test_who_only_looks_sees_no_way_to_change(trained, home):
    client = Client()
    client.force_login(StaffUserFactory.create(role=Role.ANALYST))
    ShopProfileFactory.create()

    page = client.get(f"{LIST}{home.pk}/change/")

    assert page.status_code == 200
    assert "Go back to this" not in page.content.decode()
    assert client.post(f"{LIST}{home.pk}/restore/1/").status_code == 403


def test_a_new_placement_opens_on_its_own_page_where_it_can_be_tried(merchandiser, trained):
    fresh = Placement(name="Spring gifts", key="spring-gifts", surface="home", version=0)

    answer = merchandiser.post(f"{LIST}add/", form(fresh))

    made = Placement.objects.get(key="spring-gifts")
    assert answer["Location"] == f"{LIST}{made.pk}/change/"
    assert 'id="rec-try-form"' in merchandiser.get(answer["Location"]).content.decode()


def test_the_key_of_a_new_placement_follows_its_name_and_later_never_changes(merchandiser, home):
    adding = merchandiser.get(f"{LIST}add/").context["adminform"]
    there = merchandiser.get(f"{LIST}{home.pk}/change/").context["adminform"]

    assert [one["field"].name for one in adding.prepopulated_fields] == ["key"]
    assert (there.prepopulated_fields, there.form.fields["key"].disabled) == ([], True)


def test_days_without_a_time_are_whole_days(merchandiser, home, trained):
    pin = {"kind": "pin", "product": trained.green[0].pk, "slot": 1,
           "starts_at_0": "2026-11-20", "ends_at_0": "2026-12-24"}  # fmt: skip

    merchandiser.post(f"{LIST}{home.pk}/change/", form(home, pin))

    rule = home.rules.get()
    in_the_shop = ZoneInfo("Asia/Shanghai")
    assert rule.starts_at == datetime(2026, 11, 20, tzinfo=in_the_shop)
    assert rule.ends_at == datetime(2026, 12, 24, 23, 59, 59, tzinfo=in_the_shop)


def test_a_pin_forgets_the_category_that_its_form_hides(merchandiser, home, trained):
    pin = {"kind": "pin", "product": trained.green[0].pk, "slot": 1, "category": trained.green[0].category_id}

    merchandiser.post(f"{LIST}{home.pk}/change/", form(home, pin))

    rule = home.rules.get()
    assert (rule.product_id, rule.category_id) == (trained.green[0].pk, None)


def test_each_version_says_what_it_changed_in_words(merchandiser, home, trained):
    barred = {"kind": "exclude", "brand": trained.blue[0].brand_id}
    merchandiser.post(f"{LIST}{home.pk}/change/", form(home, diversity="0.4", slots=6))
    home.refresh_from_db()
    merchandiser.post(f"{LIST}{home.pk}/change/", form(home, barred, diversity="0.4", slots=6))

    history = merchandiser.get(f"{LIST}{home.pk}/change/").context["history"]

    assert [one.changed for one in history] == ["Rules", "Name, products, variety", ""]


def test_variety_is_a_slider_that_says_its_share(merchandiser, home):
    Placement.objects.filter(pk=home.pk).update(diversity=0.37)

    page = merchandiser.get(f"{LIST}{home.pk}/change/").content.decode()

    assert re.search(r'<input type="range" name="diversity" value="0.37"[^>]* max="1.0"[^>]* step="0.01"', page)
    assert re.search(r'<output for="id_diversity">\s*37%\s*</output>', page)


def test_the_history_of_a_placement_is_its_versions(merchandiser, home):
    answer = merchandiser.get(f"{LIST}{home.pk}/history/")

    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}{home.pk}/change/#rec-versions")
    assert merchandiser.get(f"{LIST}0/history/").status_code == 404


def test_what_is_tried_says_that_an_experiment_decides_for_those_who_take_part(merchandiser, home):
    before = merchandiser.post(f"{LIST}{home.pk}/try/", form(home)).content.decode()
    running = ExperimentFactory.create(state=Experiment.State.RUNNING, target="home")

    during = merchandiser.post(f"{LIST}{home.pk}/try/", form(home)).content.decode()

    assert "An experiment runs here" not in before
    assert "An experiment runs here" in during
    assert f"/admin/core/experiment/{running.pk}/change/" in during


def test_a_preview_looks_up_no_customer_for_who_may_see_none(merchandiser, trained):
    shared = f"/admin/recommender/preview/?customer={trained.customers[0].public_id}"

    page = merchandiser.get(shared).content.decode()

    assert "No customer fits" not in page
    assert "What somebody unknown would see right now" in page
