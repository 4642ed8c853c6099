"""The steps that fill an answer when the person's own taste gives too little, each with its reason."""

import pytest
import redis
from django.utils import translation

from catalog.models import Customer, CustomerTrait, Product
from core import model_registry as registry
from recommender import selectors, wishes
from recommender.answers import Act
from recommender.chain import Question, step
from recommender.choices import RECOMMENDER
from recommender.ml.serving import Candidate, Ranking, build
from recommender.models import Placement
from recommender.wishes import Wish
from tests.factories import CategoryFactory, RecommendationListFactory
from tests.recommender.conftest import NOW


def placement(**wanted) -> Placement:
    made, _is_new = Placement.objects.update_or_create(
        key="here", defaults={"surface": "home", "slots": 6, "name": "Here", **wanted}
    )
    wishes.forget()
    return made


def told(answer) -> list[tuple[str, str, str]]:
    return [(item.card["name"], item.source, item.reason.code) for item in answer.items]


def test_somebody_unknown_sees_what_is_popular_now_then_what_the_model_knows_then_the_newest(trained, listed):
    listed("trending", trained.blue[4:6])

    answer = selectors.recommend(limit=20)

    assert told(answer)[:2] == [("blue-4", "trending", "popular_now"), ("blue-5", "trending", "popular_now")]
    assert {item.source for item in answer.items[2:]} == {"popular"}
    assert answer.source == "trending"
    assert answer.items[0].reason.text == "Popular right now"


def test_a_short_personal_list_goes_on_step_by_step(trained, listed):
    customer = trained.customers[0]
    CustomerTrait.objects.create(customer=customer, kind="segment", value="regulars", as_of=NOW)
    seen = trained.green[0]
    fresh = [
        Product.objects.create(name=f"fresh-{n}", category=seen.category, price=1, status="live") for n in range(5)
    ]
    Product.objects.filter(pk__in=[p.pk for p in fresh]).update(is_in_stock=True)
    listed("together", fresh[:1], key=seen.pk, lifts=(3.5,))
    listed("segment", fresh[1:2], key="regulars")
    listed("category", fresh[2:3], key=seen.category_id)
    listed("trending", fresh[3:4])

    answer = selectors.recommend(customer=customer, page_product_id=seen.pk, limit=25)
    by_name = {name: (source, code) for name, source, code in told(answer)}
    order = [item.source for item in answer.items]

    assert by_name["fresh-0"] == ("item", "bought_together")
    assert by_name["fresh-1"] == ("segment", "popular_with_people_like_you")
    assert by_name["fresh-2"] == ("category", "popular_in_category")
    assert by_name["fresh-3"] == ("trending", "popular_now")
    assert order == sorted(
        order, key=["personal", "item", "segment", "category", "trending", "popular", "newest"].index
    )
    assert answer.items[0].source == "personal"
    text = {item.card["name"]: item.reason.text for item in answer.items}
    assert text["fresh-0"] == "Often bought together with green-0"
    assert text["fresh-2"] == "Popular in Things"


def test_reasons_of_every_step_are_in_both_languages(trained, listed):
    listed("trending", trained.blue[:1])
    listed("category", trained.blue[1:2], key=trained.green[0].category_id)
    with translation.override("zh-hans"):
        texts = {item.reason.code: item.reason.text for item in selectors.recommend(limit=3).items}
        placed = placement(strategy="category", category=trained.green[0].category)
        texts |= {i.reason.code: i.reason.text for i in selectors.recommend(placement=placed.key, limit=1).items}

    assert set(texts) == {"popular_now", "popular", "popular_in_category"}
    assert not any(word in text for text in texts.values() for word in ("Popular", "right now"))


@pytest.mark.parametrize(
    ("strategy", "kind", "code"),
    [("trending", "trending", "popular_now"), ("rising", "rising", "rising")],
)
def test_a_placement_may_show_a_list_for_everybody_alone(trained, listed, strategy, kind, code):
    listed(kind, trained.blue[7:9])
    placement(strategy=strategy, fallback="nothing")

    answer = selectors.recommend(placement="here", customer=trained.customers[0], limit=5)

    assert told(answer) == [("blue-7", kind, code), ("blue-8", kind, code)]
    assert (answer.strategy, answer.shortfall) == (strategy, "no_fill")


def test_a_placement_may_show_one_method_alone(trained, listed):
    customer = trained.customers[0]
    model = registry.active(RECOMMENDER).built(build)
    name = model.voices[0]
    placement(strategy=name, fallback="nothing")
    acts = selectors.recent_acts(customer=customer, visitor=None)
    by_product = {act.product_id: act.weight for act in acts}

    answer = selectors.recommend(placement="here", customer=customer, limit=4)

    alone = model.recommend(list(by_product.items()), 4, fill=False, voice=name)
    assert [item.product_id for item in answer.items] == [one.product_id for one in alone]
    assert {item.source for item in answer.items} == {"personal"}
    assert answer.items[0].reason.text.startswith("Because you looked at ")
    assert (answer.strategy, answer.source, answer.is_missing) == (name, "personal", False)


def test_what_fits_best_stands_in_for_a_method_that_the_model_does_not_have(trained, listed):
    customer = trained.customers[0]
    placement(strategy="two_tower")

    answer = selectors.recommend(placement="here", customer=customer, limit=4)

    placement(strategy="automatic")
    whole = selectors.recommend(placement="here", customer=customer, limit=4)
    assert [item.product_id for item in answer.items] == [item.product_id for item in whole.items]
    assert (answer.is_missing, whole.is_missing) == (True, False)
    placement(strategy="two_tower", fallback="nothing")
    assert selectors.recommend(placement="here", customer=customer, limit=4).items == []


def test_a_placement_may_show_what_is_popular_in_the_categories_a_person_likes(trained, listed):
    customer, blue = trained.customers[0], CategoryFactory.create(name="Blue things")
    Product.objects.filter(pk__in=[p.pk for p in trained.blue]).update(category=blue)
    listed("category", trained.blue[:3], key=blue.pk)
    listed("category", [trained.green[9], trained.green[8]], key=trained.green[0].category_id)
    placement(strategy="affinity", fallback="nothing")

    answer = selectors.recommend(placement="here", customer=customer)
    trained.act(customer, trained.blue[7], "purchase")
    trained.act(customer, trained.blue[6], "purchase")
    later = selectors.recommend(placement="here", customer=customer)

    green = [("green-9", "category", "popular_in_category"), ("green-8", "category", "popular_in_category")]
    blues = [(f"blue-{n}", "category", "popular_in_category") for n in range(3)]
    assert told(answer) == green + blues
    assert [item.reason.text for item in answer.items][1:3] == ["Popular in Things", "Popular in Blue things"]
    assert told(later) == blues + green
    assert selectors.recommend(placement="here").items == []
    placement(strategy="affinity", fallback="nothing", category=blue)
    assert told(selectors.recommend(placement="here", customer=customer)) == blues


def test_a_placement_may_show_what_leads_the_category_of_the_page(trained, listed):
    other = CategoryFactory.create(name="Other", parent=trained.blue[3].category)
    Product.objects.filter(pk=trained.blue[3].pk).update(category=other)
    listed("category", trained.blue[5:6], key=other.pk)
    listed("category", trained.blue[6:7], key=trained.green[0].category_id)
    placement(strategy="category", fallback="nothing")

    answer = selectors.recommend(placement="here", page_product_id=trained.blue[3].pk)

    assert told(answer) == [("blue-5", "category", "popular_in_category")]
    assert answer.items[0].reason.text == "Popular in Other"


def test_a_placement_may_show_what_is_bought_with_the_basket_in_turns(trained, listed):
    first, second = trained.green[:2]
    listed("together", trained.blue[:2], key=first.pk, lifts=(3.0, 2.0))
    listed("together", trained.blue[4:6], key=second.pk, lifts=(9.0, 8.0))
    placement(strategy="together")

    answer = selectors.recommend(placement="here", basket=[first.pk, second.pk], limit=4)

    assert [item.card["name"] for item in answer.items] == ["blue-0", "blue-4", "blue-1", "blue-5"]
    assert {item.reason.product_id for item in answer.items} == {first.pk, second.pk}


def test_the_control_of_experiments_stays_the_popularity_list(trained, listed):
    listed("trending", trained.blue[7:9])
    placement(strategy="popular")

    answer = selectors.recommend(placement="here", limit=20)

    assert {item.source for item in answer.items} == {"popular"}


def test_bought_together_of_a_product_says_so_and_is_filled_with_what_is_similar(trained, listed):
    page = trained.green[0]
    listed("together", trained.blue[:1], key=page.pk, lifts=(2.0,))

    answer = selectors.bought_together(product=page, limit=4)

    assert told(answer)[0] == ("blue-0", "item", "bought_together")
    assert {source for _name, source, _code in told(answer)[1:]} == {"item"}
    assert answer.strategy == "together"
    assert page.name not in [item.card["name"] for item in answer.items]


def test_without_a_model_the_lists_still_answer(shop, listed):
    listed("trending", shop.blue[4:6])

    answer = selectors.recommend(limit=3)

    assert told(answer)[:2] == [("blue-4", "trending", "popular_now"), ("blue-5", "trending", "popular_now")]
    assert (answer.source, answer.items[2].source) == ("fallback", "newest")


def test_people_who_said_no_are_not_looked_up_in_segments(trained, listed):
    customer = Customer.objects.create(name="no", joined_at=NOW, is_personalised=False)
    CustomerTrait.objects.create(customer=customer, kind="segment", value="regulars", as_of=NOW)
    listed("segment", trained.blue[:1], key="regulars")

    answer = selectors.recommend(customer=customer, limit=20)

    assert "segment" not in {item.source for item in answer.items}


def test_fewer_than_asked_for_say_why(trained):
    everything = selectors.recommend(limit=50)
    assert (len(everything.items), everything.shortfall) == (20, "nothing_left")

    placement(price_max=0.5)
    assert selectors.recommend(placement="here").shortfall == "rules"
    placement(price_max=None, fallback="nothing")
    assert selectors.recommend(placement="here").shortfall == "no_fill"
    placement(fallback="popular")
    assert selectors.recommend(placement="here").shortfall == ""


def test_the_api_serves_bought_together_with_source_and_shortfall(trained, listed, server):
    page = trained.green[0]
    listed("together", trained.blue[:1], key=page.pk, lifts=(2.0,))

    body = server.get(f"/products/{page.public_id}/bought-together", limit=50).json()

    assert (body["source"], body["strategy"], body["shortfall"]) == ("item", "together", "nothing_left")
    assert body["items"][0]["reason"]["code"] == "bought_together"
    assert server.get("/products/ext:nothing/bought-together").status_code == 404


def test_while_redis_is_away_what_the_table_knows_of_a_person_still_speaks(trained, monkeypatch):
    def refuses(*_args, **_more):
        raise redis.ConnectionError

    monkeypatch.setattr("core.redis_client.client", refuses)
    trained.act(trained.visitor, trained.green[0])

    answer = selectors.recommend(who=selectors.person(visitor="somebody"), limit=5)

    assert (answer.source, answer.is_stale) == ("personal", False)
    assert "green-0" in answer.items[0].reason.text


def test_without_a_model_a_customer_gets_the_list_written_ahead_and_then_the_lists_for_everybody(shop, listed):
    """Each item says which step gave it; a list without a model never claims to be popular with anybody."""
    customer, seen, ahead = shop.customers[0], shop.green[0], shop.green[8:]
    shop.act(customer, seen)
    RecommendationListFactory.create(customer=customer, products=ahead, speakers=[seen, seen])
    listed("category", [shop.blue[1]], key=seen.category_id)
    listed("trending", [shop.blue[2]])

    answer = selectors.recommend(customer=customer, limit=6)

    assert answer.source == "fallback"
    assert told(answer)[:4] == [
        ("green-8", "personal", "because_you_viewed"),
        ("green-9", "personal", "because_you_viewed"),
        ("blue-1", "category", "popular_in_category"),
        ("blue-2", "trending", "popular_now"),
    ]
    assert {item.source for item in answer.items[4:]} == {"newest"}


class Counted:
    """A model that knows `size` products and notes how many it was asked for."""

    def __init__(self, size: int) -> None:
        self.size, self.asked = size, []

    def ranked(self, history, k, **_ignored):
        self.asked.append(k)
        return Ranking.of(Candidate(pk, 1.0, "blend", history[0][0], 1.0) for pk in range(min(k, self.size)))

    def beside(self, product_ids, k, *, depth, **_ignored):
        assert depth == 80
        return self.ranked([(product_ids[0], 1.0)], k).candidates()


@pytest.mark.parametrize(
    ("size", "wish", "asked"),
    [
        (1_000, Wish("home"), [20, 80]),
        (19, Wish("home"), [20]),
        (50, Wish("home"), [20, 80]),
        (1_000, Wish("home", diversity=0.5), [80]),
    ],
)
def test_a_plain_list_asks_the_model_for_a_few_at_first_and_for_all_when_they_cannot_be_sold(size, wish, asked):
    model = Counted(size)
    question = Question(wish=wish, strategy="live", limit=10, history=[Act(7, "view", 0, 1.0)])

    taken = list(step("personal", question, model, ()))

    assert model.asked == asked
    assert [len(one.found) for one in taken] == [min(size, count) for count in asked]
    assert next(step("personal", question, Counted(size), ())).found.candidates() == taken[0].found.candidates()


@pytest.mark.parametrize(
    ("size", "wish", "asked"),
    [(1_000, Wish("home"), [20, 160]), (19, Wish("home"), [20]), (1_000, Wish("home", diversity=0.5), [160])],
)
def test_what_goes_with_the_products_of_a_visitor_comes_in_portions_as_well(size, wish, asked):
    model = Counted(size)
    history = [Act(7, "view", 0, 1.0), Act(8, "view", 0, 1.0)]

    taken = list(step("similar", Question(wish=wish, strategy="live", limit=10, history=history), model, ()))

    assert model.asked == asked
    assert [(one.source, len(one.found)) for one in taken] == [("item", min(size, count)) for count in asked]
