from collections import Counter

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from reviews.ml.grams import BATCH, EDGE, GramKinds, count
from reviews.ml.vocabulary import CountedTexts

TEXTS = ["很好很好", "good good shoes", "", "good 很好 a", "it's 好😀", "shoes"]


def by_hand(text, kinds):
    """Every gram of a text as a string."""
    edged = EDGE + text + EDGE
    usual = kinds.shortest, kinds.characters
    every = [edged[at : at + length] for length in range(1, 13) for at in range(len(edged) - length + 1)]
    lengths = [(kinds.unspaced or usual) if set(gram) & set("很好") else usual for gram in every]
    found = [gram for gram, (low, high) in zip(every, lengths, strict=True) if low <= len(gram) <= high]
    found = [gram for gram in found if gram != EDGE and (kinds.crossing or not set(gram[1:-1]) & {" ", EDGE})]
    words = [word for part in text.split() for word in [part.strip("很好😀")] if word]
    for length in range(1, kinds.words + 1):
        found += ["w" + " ".join(words[at : at + length]) for at in range(len(words) - length + 1)]
    return found


@pytest.mark.parametrize(
    "kinds",
    [
        GramKinds(3, 0),
        GramKinds(4, 1, crossing=False),
        GramKinds(0, 2),
        GramKinds(5, 2),
        GramKinds(4, 1, 2),
        GramKinds(4, 2, shortest=2, crossing=False, unspaced=(1, 2)),
        GramKinds(2, 0, unspaced=(3, 5)),
    ],
)
def test_grams_are_counted_as_by_hand(kinds):
    found = count(TEXTS, kinds)

    for at, text in enumerate(TEXTS):
        wanted = Counter(by_hand(text, kinds))
        own = found.counts[found.texts == at]
        assert sorted(own.tolist()) == sorted(wanted.values()), text
    different = {gram for text in TEXTS for gram in by_hand(text, kinds)}
    assert len(np.unique(found.hashes)) == len(different)


def test_a_gram_has_the_same_hash_wherever_it_stands():
    alone = count(["good"], GramKinds(3, 2))
    later = count(["x" * 500, "很好，good", "good"], GramKinds(3, 2))

    assert set(alone.hashes.tolist()) == set(later.hashes[later.texts == 2].tolist())


def test_rows_are_those_of_scikit_learn():
    kinds = GramKinds(4, 2)
    counted = CountedTexts.of(TEXTS, kinds)
    ours = counted.rows(counted.vocabulary(in_texts=2)).toarray()
    theirs = TfidfVectorizer(analyzer=lambda text: by_hand(text, kinds), min_df=2, sublinear_tf=True)
    wanted = theirs.fit_transform(TEXTS).toarray()

    assert ours.shape == wanted.shape
    assert np.allclose(ours @ ours.T, wanted @ wanted.T, atol=1e-5)
    assert np.allclose(np.sort(ours.sum(axis=0)), np.sort(wanted.sum(axis=0)), atol=1e-5)


def test_batches_do_not_change_the_rows():
    texts = [f"text {number % 7} 很好" for number in range(BATCH + 5)]
    counted = CountedTexts.of(texts, GramKinds(3, 1))
    rows = counted.rows(counted.vocabulary())

    assert rows.shape[0] == BATCH + 5
    assert texts[3] == texts[BATCH + 2]
    assert np.allclose(rows[3].toarray(), rows[BATCH + 2].toarray())


def test_only_the_most_frequent_grams_are_kept():
    counted = CountedTexts.of(["ab", "ab", "ac", "ac", "ac"], GramKinds(1, 0))

    assert len(counted.vocabulary(in_texts=1)) == 3
    assert counted.vocabulary(in_texts=1, most=1).idf.tolist() == [1.0]


def test_too_many_texts_and_odd_kinds_are_refused():
    with pytest.raises(ValueError, match="At most"):
        count(["a"] * (BATCH + 1), GramKinds())
    with pytest.raises(ValueError, match="Grams have"):
        GramKinds(13, 0)
    with pytest.raises(ValueError, match="without spaces"):
        GramKinds(4, 0, unspaced=(2, 1))
