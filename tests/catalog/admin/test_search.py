"""Search quality and synonyms."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import SearchQuery, SearchSynonym
from core.models import LedgerEntry

pytestmark = pytest.mark.django_db
PAGE = "/admin/catalog/searches/"


def search(text, *, results=3, clicked=False, days_ago=0, refined_from=None):
    moment = timezone.now() - timedelta(days=days_ago)
    return SearchQuery.objects.create(
        key=uuid.uuid4(), text=text, normalised=text.lower(), results=results, matched="all", searched_at=moment,
        clicked_at=moment if clicked else None, refined_from=refined_from,
    )  # fmt: skip


@pytest.fixture
def searches(shop):
    for clicked in (True, False, False, False):
        search("Mug", clicked=clicked)
    search("trainers", results=0)
    search("trainers", results=0)
    search("sneakers", clicked=True, refined_from=SearchQuery.objects.filter(text="trainers").first())
    search("old", days_ago=60)


def rows(answer):
    assert answer.status_code == 200
    return [(row.text, row.next_text, row.searches, row.clicks) for row, _link in answer.context["rows"]]


def test_common_queries_with_their_click_rate(client, searches):
    answer = client.get(PAGE)

    assert rows(answer) == [("Mug", "", 4, 1), ("trainers", "", 2, 0), ("sneakers", "", 1, 1)]
    assert "25%" in answer.content.decode()


def test_a_query_is_written_as_most_people_write_it(client, shop):
    for text in ("mug", "mug", "MUG"):
        search(text)

    assert rows(client.get(PAGE)) == [("mug", "", 3, 0)]


def test_queries_without_results(client, searches):
    assert rows(client.get(PAGE, {"show": "failing"})) == [("trainers", "", 2, 0)]


def test_what_people_tried_next(client, searches):
    assert rows(client.get(PAGE, {"show": "refined"})) == [("trainers", "sneakers", 1, 1)]


def test_days_are_chosen(client, searches):
    day = timezone.localdate() - timedelta(days=60)

    answer = client.get(PAGE, {"within": "between", "from": day.isoformat(), "to": day.isoformat()})

    assert rows(answer) == [("old", "", 1, 0)]


@pytest.mark.parametrize("odd", [{"within": "x"}, {"within": "between", "from": "9999-99-99"}, {"show": "'"}])
def test_an_odd_address_shows_what_is_usual(client, searches, odd):
    assert len(rows(client.get(PAGE, odd))) == 3


def test_a_query_leads_to_a_new_synonym(client, searches):
    answer = client.get(PAGE, {"show": "refined"})
    link = answer.context["rows"][0][1]

    assert client.get(link).context["adminform"].form.initial["words"] == "trainers\nsneakers"


def test_the_table_can_be_taken_out_and_stands_in_the_ledger(client, searches):
    answer = client.post(f"{PAGE}export/?show=failing")

    lines = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    assert lines == ["Query,Searches,Products found,Without results,Clicks,Click rate", "trainers,2,0,2,0,0.0"]
    assert LedgerEntry.objects.filter(kind="export", subject="catalog_search_quality").exists()


def test_a_query_that_a_spreadsheet_would_run_is_made_harmless(client, shop):
    search("=1+1")

    lines = b"".join(client.post(f"{PAGE}export/").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1].startswith("'=1+1,")


def test_who_may_not_export_or_add_sees_no_button(client_with, searches):
    client = client_with("catalog.view_searchquery")
    page = client.get(PAGE).content.decode()

    assert f"{PAGE}export/" not in page
    assert "Add synonym" not in page
    assert client.post(f"{PAGE}export/").status_code == 403


def test_the_page_costs_a_known_number_of_queries(client, searches, django_assert_max_num_queries):
    client.get(PAGE)
    for number in range(50):
        search(f"q{number}")

    with django_assert_max_num_queries(12):
        client.get(PAGE)


def test_an_empty_shop_says_what_will_be_here(client):
    assert "No searches in these days" in client.get(PAGE).content.decode()


# --- synonyms -----------------------------------------------------------------------------------------------------

SYNONYMS = "/admin/catalog/searchsynonym/"


def post(client, words, **more):
    return client.post(
        f"{SYNONYMS}add/", {"words": words, "direction": "both", "language": "", "is_active": "on"} | more
    )


def test_synonyms_are_kept_line_by_line(client):
    assert post(client, " trainers \n\nsneakers\ntrainers").status_code == 302

    row = SearchSynonym.objects.get()
    assert row.phrases() == ["trainers", "sneakers"]


@pytest.mark.parametrize("words", ["one", "a\na", "x" * 61 + "\ny", "\n".join(str(n) for n in range(31))])
def test_what_is_no_group_of_synonyms_is_refused(client, words):
    answer = post(client, words)

    assert answer.status_code == 200
    assert "words" in answer.context["adminform"].form.errors
    assert not SearchSynonym.objects.exists()


def test_the_list_says_what_stands_for_what(client, django_assert_max_num_queries):
    SearchSynonym.objects.create(words="bag\ntote\nbackpack", direction="one_way")
    SearchSynonym.objects.create(words="书包\n双肩包")

    with django_assert_max_num_queries(12):
        page = client.get(SYNONYMS).content.decode()

    assert "bag → tote, backpack" in page
    assert "书包 = 双肩包" in page
