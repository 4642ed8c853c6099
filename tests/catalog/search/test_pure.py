"""Tokens, parsing, ranking and corrections, without a database."""

from dataclasses import replace

import pytest

from catalog.search import documents, highlights, parsing, ranking, spelling, strategy, tokens
from catalog.search.documents import Source
from catalog.search.memory import MemoryIndex
from catalog.search.parsing import Synonyms
from catalog.search.ranking import Candidate, Ranker


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＤＲＥＳＳ", "dress"), ("Café", "cafe"), ("連衣裙", "连衣裙"), ("Women's", "women"), ("ﬁt", "fit"),
        ("ÉCOLE", "ecole"), ("dr\u200bess\ufeff", "dress"), ("sou\u00adris", "souris"),
    ],
)  # fmt: skip
def test_normal_form(text, normal):
    assert tokens.normalise(text) == normal


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("striped dresses", ["stripe", "dress"]),
        ("连衣裙", ["连衣", "衣裙", "连衣裙"]),
        ("350ml bottle", ["350", "ml", "350ml", "bottl"]),
        ("T-shirt", ["tshirt"]),
        ("T恤", ["t恤", "恤"]),
        ("the mug", ["mug"]),
        ("?!", []),
    ],
)
def test_tokens_of_a_text(text, found):
    assert tokens.of_text(text) == found


def test_single_characters_are_kept_for_short_fields_only():
    assert "裙" in tokens.of_text("连衣裙", with_characters=True)
    assert "裙" not in tokens.of_text("连衣裙")


def ways(query, synonyms=None):
    return [[one.tokens for one in group.alternatives] for group in parsing.parse(query, synonyms)]


def test_a_query_is_cut_into_what_was_asked_for():
    assert ways("the red dresses") == [[("red",)], [("dress",)]]
    assert ways("红色连衣裙") == [[("红色",)], [("连衣裙",), ("连衣", "衣裙")]]
    assert ways("t shirt") == [[("tshirt",), ("t", "shirt")]]
    assert ways("short-sleeved") == [[("shortsleev",), ("short", "sleev")]]


def test_known_phrases_are_one_thing():
    synonyms = Synonyms.of([("running shoes", "跑鞋"), ("书包", "双肩包")])

    assert ways("white running shoes", synonyms) == [[("white",)], [("run", "shoe"), ("跑鞋",)]]
    assert ways("蓝色书包", synonyms) == [[("蓝色",)], [("书包",), ("双肩包",)]]


def test_a_token_is_never_an_operator():
    assert parsing.quoted("a'b\\c") == "'a''b\\\\c'"
    assert parsing.tsquery(parsing.parse("a | !b & c:*")).count("'") % 2 == 0


def test_what_may_be_missing_gets_its_own_way():
    groups = parsing.parse("red blue green")

    assert parsing.tsquery(groups, missing=1) == "(('red') & ('blue')) | (('red') & ('green')) | (('blue') & ('green'))"


def test_what_is_needed_is_in_every_way():
    groups = parsing.parse("red blue green")

    assert parsing.tsquery(groups, missing=1, needed=groups[2:]) == "(('green') & ('red')) | (('green') & ('blue'))"
    assert parsing.tsquery(groups[:2], missing=1, needed=groups[:1]) == "('red')"


def test_the_kind_is_what_half_of_the_answers_hold_in_their_category():
    groups = parsing.parse("grey dress")
    dress = documents.make(Source(name=["Grey dress"], category=["Dresses"])).fields
    shirt = documents.make(Source(name=["Grey shirt dress"], category=["Shirts"])).fields

    assert [group.surface for group in strategy.kinds(groups, [dress, shirt])] == ["dress"]
    assert strategy.kinds(groups, [dress, shirt, shirt]) == strategy.kinds(groups, []) == []


def rank(query, **sources):
    made = {name: documents.make(source) for name, source in sources.items()}
    groups = parsing.parse(query)
    candidates = [Candidate(number, one.fields) for number, one in enumerate(made.values())]
    order = Ranker(groups, [1.0] * len(groups)).rank(candidates)
    return [list(made)[one.product_id] for one in order]


def test_the_name_counts_more_than_the_category_and_that_more_than_the_description():
    found = rank(
        "lamp",
        told=Source(name=["Shade"], description=["For every lamp."]),
        placed=Source(name=["Shade"], category=["Lamps"]),
        named=Source(name=["Lamp"]),
        both=Source(name=["Lamp"], category=["Lamps"]),
    )

    assert found == ["both", "named", "placed", "told"]


def test_a_tag_counts_where_neither_name_nor_attributes_say_it():
    grey, tagged = Source(name=["Grey lamp"]), {"tags": ["Grey", "灰色"]}

    def score(source):
        groups = parsing.parse("grey")
        return Ranker(groups, [1.0]).text_score(documents.make(source).fields)

    assert score(replace(grey, **tagged)) == score(grey) > score(Source(name=["Lamp"], **tagged)) > 0
    entered = Source(name=["Lamp"], category=["Grey things"], attributes=["grey"], description=["A grey lamp."])
    assert score(replace(entered, **tagged)) == score(entered)
    described = Source(name=["Lamp"], description=["A grey lamp."])
    assert score(replace(described, **tagged)) > score(Source(name=["Lamp"], **tagged)) > score(described)


def test_rare_words_weigh_more():
    assert ranking.rarity(1, 100) > ranking.rarity(50, 100) > 0


def test_a_word_that_can_be_cut_finer_is_no_more_common_for_that():
    (group,) = parsing.parse("连衣裙", Synonyms.of([("连衣裙", "裙子")]))

    assert strategy.products_of(group, {"连衣裙": 9, "连衣": 9, "衣裙": 10, "!裙子": 4}) == 13


def test_sold_out_popular_and_liked_products_move():
    fields = documents.make(Source(name=["Lamp"])).fields
    groups = parsing.parse("lamp")
    candidates = [Candidate(1, fields), Candidate(2, fields, popularity=1.0), Candidate(3, fields, is_in_stock=False)]

    assert [one.product_id for one in Ranker(groups, [1.0]).rank(candidates)] == [2, 1, 3]
    assert [one.product_id for one in Ranker(groups, [1.0], {1: 1.0}).rank(candidates)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("umbrela", "umbrella"), ("bakcpack", "backpack"), ("cashmeer", "cashmere"), ("drses", "dress"),
        ("hose", None), ("home", None), ("garden", None),
    ],
)  # fmt: skip
def test_likely_words(typed, meant):
    words = [spelling.Word(w, 5) for w in ("umbrella", "backpack", "cashmere", "dress", "home", "green")]

    assert spelling.best_word(typed, words) == meant


def test_likely_chinese_words():
    words = [spelling.Word("连衣裙", 5), spelling.Word("双肩包", 9)]

    for typed in ("连依裙", "衣连裙", "连裙", "连衣衣裙"):
        assert spelling.best_han(typed, [w for w in words if spelling.is_han_neighbour(typed, w.term)]) == "连衣裙"
    assert not any(spelling.is_han_neighbour("电视机", word.term) for word in words)


def test_half_of_the_query_must_be_there_and_more_than_a_number():
    groups = parsing.parse("iphone 15")
    assert list(strategy.missing_allowed(groups, groups[1:])) == []
    words = parsing.parse("cheap red dress")
    assert list(strategy.missing_allowed(words, words[1:])) == [0]
    assert list(strategy.missing_allowed(words, words[2:])) == []
    assert list(strategy.missing_allowed(words, words)) == [0, 1]


def test_segments_join_to_the_text_and_mark_what_matches():
    text = "Ｒed 連衣裙 é ﬁ"
    found = highlights.segments(text, {"red", "连衣裙"})

    assert "".join(str(one["text"]) for one in found) == text
    assert [one["text"] for one in found if one["match"]] == ["Ｒed", "連衣裙"]


def test_a_snippet_stands_around_the_first_match():
    found = highlights.snippet("x " * 200 + "lamp " + "y " * 200, {"lamp"})

    assert found[0]["text"] == "…"
    assert [one["text"] for one in found if one["match"]] == ["lamp"]
    assert sum(len(str(one["text"])) for one in found) < 200


def test_synonyms_count_outside_descriptions_only():
    group = parsing.parse("lamp", Synonyms.of([("lamp", "light")]))[0]

    assert group.as_tsquery() == "('lamp' | '!light')"
    assert group.as_tsquery(only_strong=True) == "('!lamp' | '!light')"
    assert strategy.is_known(group, {"light": 3}) is False
    assert strategy.products_of(group, {"lamp": 1, "light": 3, "!light": 2}) == 3
    said, named = (
        documents.make(source).fields
        for source in (Source(name=["Jacket"], description=["It is light."]), Source(name=["Light"]))
    )
    ranker = Ranker([group], [1.0])
    assert ranker.text_score(said) == 0.0 < ranker.text_score(named)


def test_the_index_in_memory_answers_like_the_shop():
    index = MemoryIndex(
        {
            1: documents.make(Source(name=["Red linen dress", "红色亚麻连衣裙"])),
            2: documents.make(Source(name=["Black dress", "黑色连衣裙"])),
        }
    )

    assert index.search("红色連衣裙").products == [1]
    assert index.search("红色連衣裙").also == [2]
    assert index.search("drses").products == [2, 1]
    assert index.search("drses").corrected_to == "dress"
    assert index.search("sofa").products == []


def test_the_index_in_memory_follows_synonyms_like_the_shop():
    index = MemoryIndex(
        {
            1: documents.make(Source(name=["Paper light"])),
            2: documents.make(Source(name=["Rain jacket"], description=["A light jacket."])),
        },
        Synonyms.of([("lamp", "light")]),
    )

    assert index.search("lamp").products == [1]
    assert index.search("light").products == [1, 2]
