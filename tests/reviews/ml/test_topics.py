"""Planted topics: each document speaks mostly with the words of one."""

import numpy as np
import pytest

from reviews.ml import topics
from reviews.ml.text import normalise

PLANTED = [[f"{name}{letter}" for letter in "abcdefghijkl"] for name in ("sole", "parcel", "battery", "soup", "colour")]


def documents(count=400, *, planted=PLANTED, seed=0, noise=2):
    rng = np.random.default_rng(seed)
    others = [f"plain{letter}{other}" for letter in "abcdef" for other in "abcdef"]
    found, truth = [], []
    for _each in range(count):
        topic = int(rng.integers(len(planted)))
        weights = np.linspace(2, 1, len(planted[topic]))
        own = rng.choice(planted[topic], 6, p=weights / weights.sum()).tolist()
        found.append([*own, *rng.choice(others, noise).tolist()])
        truth.append(topic)
    return found, np.array(truth)


def test_planted_topics_are_found_in_their_number():
    texts, truth = documents()

    found = topics.fit(texts, seed=1)

    assert len(found) == 5
    assert found.stability > 0.7
    places, near = found.assign(found.vectors(texts))
    agreeing = [np.bincount(truth[places == topic]).max() for topic in range(5)]
    assert sum(agreeing) >= 390
    assert (near[places >= 0] >= topics.NEAR).all()
    for topic in range(5):
        heads = {word[:3] for word, _weight in found.top(topic)}
        assert len(heads) == 1


def test_the_same_texts_and_seed_give_the_same_topics():
    texts, _truth = documents(200)

    one, other = topics.fit(texts, seed=4), topics.fit(texts, seed=4)

    assert one.words == other.words
    assert np.array_equal(one.rows, other.rows)


def test_topics_stand_in_the_order_of_their_size():
    texts, truth = documents(500)
    texts = [text for at, (text, topic) in enumerate(zip(texts, truth, strict=True)) if topic or at % 3 == 0]

    found = topics.fit(texts)

    assert len(found) == 5
    assert found.top(4)[0][0].startswith("sole")
    assert not found.top(0)[0][0].startswith("sole")


def test_a_text_of_unknown_words_has_no_topic():
    texts, _truth = documents(200)
    found = topics.fit(texts)

    places, near = found.assign(found.vectors([["never", "seen"], [], PLANTED[1][:4]]))

    assert places[:2].tolist() == [-1, -1]
    assert near[:2].tolist() == [0.0, 0.0]
    assert places[2] >= 0


def test_too_few_texts_have_no_topics():
    with pytest.raises(topics.NoTopics) as refused:
        topics.fit([["one", "two"]] * 79 + [[]] * 50)

    assert (refused.value.reason, refused.value.count) == ("few", 79)


def test_texts_without_topics_are_refused():
    rng = np.random.default_rng(2)
    words = [f"word{letter}{other}" for letter in "abcdefghij" for other in "abcdefghij"]

    with pytest.raises(topics.NoTopics) as refused:
        topics.fit([rng.choice(words, 5).tolist() for _each in range(400)])

    assert refused.value.reason == "unstable"


def test_terms_leave_out_what_every_review_says_and_what_names_a_person():
    told = topics.terms(normalise("The BATTERY is really great, call 13812345678 or mail li@example.com, no. 42"))

    assert told == ["battery", "call"]
    assert topics.terms(normalise("这次买的電池很好，就是物流太慢")) == ["电池", "物流", "太慢"]
    assert topics.terms("") == []


def test_exemplars_are_the_nearest_and_unlike_each_other():
    texts, _truth = documents(200)
    found = topics.fit(texts)
    twice = [*texts, texts[0], texts[0]]
    vectors = found.vectors(twice)
    places, near = found.assign(vectors)

    chosen = topics.exemplars(vectors, near, np.flatnonzero(places == places[0]))

    assert len(chosen) == 3
    assert near[chosen].tolist() == sorted(near[chosen].tolist(), reverse=True)
    likeness = (vectors[chosen] @ vectors[chosen].T).toarray()
    assert likeness[~np.eye(3, dtype=bool)].max() < topics.DISTINCT


def test_topics_of_two_runs_are_the_same_by_their_words():
    first, second = topics.fit(documents(seed=1)[0]), topics.fit(documents(seed=2)[0])
    words = [dict(found.top(at, 30)) for found in (first, second) for at in range(5)]

    same = topics.match(words[5:], words[:5])

    assert sorted(same.values()) == [0, 1, 2, 3, 4]
    for new, old in same.items():
        assert second.top(new)[0][0][:3] == first.top(old)[0][0][:3]


def test_a_topic_of_other_words_is_new():
    assert topics.match([{"sole": 1.0}, {"soup": 0.9, "salt": 0.1}], [{"soup": 1.0}]) == {1: 0}
    assert topics.match([], [{"soup": 1.0}]) == {}
