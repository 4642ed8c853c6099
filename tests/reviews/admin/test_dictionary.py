"""The pages of the dictionary of aspects."""

import pytest

from core.models import Job
from reviews.models import Aspect, AspectTerm
from tests.factories import AspectTermFactory, CategoryFactory

pytestmark = pytest.mark.django_db
State = AspectTerm.State
LIST, TERMS = "/admin/reviews/aspect/", "/admin/reviews/aspectterm/"


def save(client, **more):
    data = {"aspect": Aspect.objects.get(key="quality").pk, "term": "", "language": "en", "category": "",
            "state": State.IN_USE, **more}  # fmt: skip
    return client.post(f"{TERMS}add/", data)


def test_a_term_is_kept_as_reviews_are_read(client):
    assert save(client, term="  ＳＴＩＴＣＨ Work ").status_code == 302

    term = AspectTerm.objects.get(term="stitch work")
    assert (term.aspect.key, term.source) == ("quality", AspectTerm.Source.STAFF)
    assert Job.objects.filter(kind="reviews.aspects").count() == 1


@pytest.mark.parametrize(("term", "told"), [("DELIVERY", "is there already (Delivery)"), ("!!!", "Enter a word")])
def test_a_term_that_is_there_or_says_nothing_is_refused(client, term, told):
    before = AspectTerm.objects.count()

    page = save(client, term=term)

    assert told in page.content.decode()
    assert AspectTerm.objects.count() == before


def test_terms_are_moved_from_the_list_with_undo(client):
    ids = list(AspectTerm.objects.filter(term__in=["box", "seal"]).values_list("pk", flat=True))
    data = {"action": "move_chosen", "_selected_action": ids, "index": 0}
    assert "Move terms" in client.post(TERMS, data).content.decode()

    client.post(TERMS, {**data, "confirmed": "1", "aspect": Aspect.objects.get(key="looks").pk})

    assert set(AspectTerm.objects.filter(pk__in=ids).values_list("aspect__key", flat=True)) == {"looks"}
    toast = next(iter(client.get(TERMS).context["messages"]))
    assert (str(toast), "undo" in toast.extra_tags) == ("2 terms changed", True)


def test_aspects_are_merged_from_the_list(client):
    rows = Aspect.objects.filter(key__in=["packaging", "delivery"])
    data = {"action": "merge_chosen", "_selected_action": [row.pk for row in rows], "index": 0, "confirmed": "1"}

    client.post(LIST, {**data, "aspect": Aspect.objects.get(key="delivery").pk})

    assert not Aspect.objects.get(key="packaging").is_active
    assert AspectTerm.objects.get(term="box").aspect.key == "delivery"


def test_the_page_of_an_aspect_saves_names_and_terms(client):
    aspect = Aspect.objects.get(key="screen")
    terms = list(aspect.terms.order_by("language", "-mentions", "term"))
    data = {"title_en": "Display", "title_zh": "显示", "position": "3", "is_active": "on"}
    data |= {"terms-TOTAL_FORMS": len(terms) + 1, "terms-INITIAL_FORMS": len(terms)}
    for at, term in enumerate(terms):
        data |= {f"terms-{at}-id": term.pk, f"terms-{at}-term": term.term, f"terms-{at}-language": term.language,
                 f"terms-{at}-state": term.state}  # fmt: skip
    at = len(terms)
    data |= {f"terms-{at}-term": "Viewfinder", f"terms-{at}-language": "en", f"terms-{at}-state": State.IN_USE}

    answer = client.post(f"{LIST}{aspect.pk}/change/", data)

    assert answer.status_code == 302, answer.context["errors"]
    aspect.refresh_from_db()
    assert (aspect.title_en, aspect.terms.filter(term="viewfinder").count()) == ("Display", 1)
    assert Job.objects.filter(kind="reviews.aspects").count() == 1


@pytest.mark.parametrize("address", [LIST, TERMS])
def test_the_lists_ask_as_few_queries_for_many_rows_as_for_few(client, address, django_assert_max_num_queries):
    client.get(address)
    for _one in range(5):
        AspectTermFactory.create(category=CategoryFactory.create())

    with django_assert_max_num_queries(12):
        client.get(address)


def test_whoever_may_only_look_sees_no_way_to_change(client_with):
    page = client_with("reviews.view_aspect", "reviews.view_aspectterm").get(TERMS).content.decode()

    assert "move_chosen" not in page
    assert client_with("reviews.view_aspect").post(f"{TERMS}undo/", {"key": ""}).status_code == 403
