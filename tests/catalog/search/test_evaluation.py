import json

import pytest
from django.core.management import call_command

PRODUCTS = """product,name,name_zh,category,status
1,Red linen dress,红色亚麻连衣裙,dresses,live
2,Black dress,黑色连衣裙,dresses,live
3,White mug,白色马克杯,mugs,live
4,Grey mug,灰色马克杯,mugs,hidden
"""
QUERIES = """query,product,grade,language,part
red dress,1,3,en,tune
red dress,2,1,en,tune
马克杯,3,3,zh,tune
马克杯,4,3,zh,tune
sofa,,0,en,test
"""


@pytest.fixture
def files(tmp_path):
    products, queries = tmp_path / "products.csv", tmp_path / "queries.csv"
    products.write_text(PRODUCTS)
    queries.write_text(QUERIES)
    return products, queries, tmp_path / "out.json"


def evaluate(files, *more):
    products, queries, out = files
    call_command(
        "evaluate", "search", "--products", str(products), "--queries", str(queries), "--json", str(out), *more
    )
    return json.loads(out.read_text())


def test_the_numbers_are_those_of_hand(files):
    found = evaluate(files)

    # "red dress" brings product 1, and behind it 2, which lacks a word; 马克杯 brings 3, and 4 is not live.
    assert found["ndcg@10"] == found["recall@20"] == 1.0
    assert found["zero_result_rate"] == 0.0
    assert found["strategies"]["search"]["needless_rate"] == 0.0
    assert found["languages"]["search zh"]["ndcg@10"] == 1.0
    assert found["languages"]["plain zh"]["ndcg@10"] < 1.0
    assert found["data"] | {"index_seconds": 0} == {
        "products": 3, "queries": 3, "answerable": 2, "judgements": 3, "index_seconds": 0,
    }  # fmt: skip
    assert any("not live" in note for note in found["notes"])


def test_an_order_that_is_not_the_best_counts_by_hand(files):
    queries = files[1]
    queries.write_text(
        queries.read_text().replace("red dress,1,3", "red dress,1,1").replace("red dress,2,1", "red dress,2,3")
    )

    # Product 1 holds both words and comes first: 1 + 7 / log2 3 of 7 + 1 / log2 3.
    third = 1.5849625007211562
    assert evaluate(files)["ndcg@10"] == pytest.approx(((1.0 + 7.0 / third) / (7.0 + 1.0 / third) + 1.0) / 2, abs=1e-6)


def test_one_part_can_be_judged_alone(files):
    assert evaluate(files, "--part", "test")["data"]["queries"] == 1


def test_no_server_is_started(files, monkeypatch):
    from core import local_services

    def refuse(*_arguments, **_more):
        raise AssertionError("a server was started")

    monkeypatch.setattr(local_services, "ensure_postgres", refuse)
    assert evaluate(files)["data"]["products"] == 3


@pytest.mark.parametrize("more", [("--part", "none"), ("--synonyms", "/nowhere")])
def test_what_does_not_fit_ends_with_one_line(files, more):
    with pytest.raises(SystemExit) as ended:
        evaluate(files, *more)

    assert ended.value.code == 2
