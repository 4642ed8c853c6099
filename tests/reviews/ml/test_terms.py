"""Words that customers praise and blame and that nobody listed are found; everyday words and rare ones are not."""

from reviews.ml.lexicon import shipped
from reviews.ml.terms import Text, candidates, chance_per_text

PARTS = {"拉链": "n", "很": "d", "好用": "a", "太": "d", "差": "a", "今天": "t", "北京": "ns", "东西": "n"}


def cut(clause):
    """Words of PARTS, longest first; what is not in it is one character without a part of speech that counts."""
    found, at = [], 0
    while at < len(clause):
        word = next((one for one in sorted(PARTS, key=len, reverse=True) if clause.startswith(one, at)), clause[at])
        found.append((word, PARTS.get(word, "x")))
        at += len(word)
    return found


def terms(texts, *, taken=(), everyday=lambda term, language: 0.0):
    numbered = [Text(key, text, language) for key, (text, language) in enumerate(texts)]
    return candidates(numbered, taken=taken, words=shipped(), cut=cut, everyday=everyday)


def test_nouns_beside_opinions_are_found_in_both_languages():
    texts = [("the zipper is terrible, i bought it on monday", "en")] * 8 + [("拉链太差了", "zh")] * 6

    found = {(one.term, one.language): (one.reviews, one.opinionated) for one in terms(texts)}

    assert found == {("zipper", "en"): (8, 8), ("拉链", "zh"): (6, 6)}


def test_what_is_rare_taken_or_said_without_an_opinion_is_not_offered():
    texts = (
        [("the zipper is terrible", "en")] * 4 + [("the button is bad", "en")] * 9 + [("the monday is here", "en")] * 9
    )

    assert [one.term for one in terms(texts, taken=["button"])] == []


def test_everyday_words_fall_behind_words_of_the_trade():
    texts = [("the zipper is bad, the gadget is bad", "en")] * 10

    found = terms(texts, everyday=lambda term, language: 0.9 if term == "gadget" else 0.0)

    assert [one.term for one in found] == ["zipper", "gadget"]
    assert found[1].score < 0.2 * found[0].score


def test_places_and_people_are_never_offered():
    assert terms([("北京很好用", "zh")] * 9) == []


def test_a_phrase_stands_for_its_words_where_they_are_used_together():
    texts = [("the shoulder strap is terrible", "en")] * 9

    assert [one.term for one in terms(texts)] == ["shoulder strap"]


def test_examples_are_some_of_the_reviews_that_judge_it():
    texts = [("the zipper is here", "en")] * 3 + [("the zipper is terrible", "en")] * 7

    assert terms(texts)[0].examples == (9, 8, 7)


def test_the_chance_that_a_text_uses_a_word_grows_with_its_length():
    assert chance_per_text(0.5, 2) == 0.75
    assert chance_per_text(0.0, 30) == 0.0
    assert chance_per_text(2.0, 1) == 1.0


def test_known_words_with_an_adjective_are_nothing_new():
    texts = [("the good colour is terrible, the fast button works", "en")] * 9

    assert [one.term for one in terms(texts, taken=["colour", "button"])] == []


def test_what_only_describes_another_word_and_what_begins_a_sentence_is_not_a_thing():
    texts = [("but the fleecy sweater is terrible", "en")] * 6

    assert {one.term for one in terms(texts)} <= {"sweater", "fleecy sweater"}
    assert terms(texts)


def test_judgements_doubled_characters_and_words_that_name_nothing_are_no_chinese_things(monkeypatch):
    for word in ("太坑", "棒棒", "总体", "很漂亮"):
        monkeypatch.setitem(PARTS, word, "n")

    found = terms([("总体拉链太差，棒棒太差，太坑很差，很漂亮很差", "zh")] * 6)

    assert [one.term for one in found] == ["拉链"]
