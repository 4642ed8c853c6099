"""What neighbours say of a history is what the plain sums say, however they lie in memory."""

import numpy as np
import pytest

from recommender.ml.near import Near, Rows
from recommender.ml.serving import ServingModel

HOW = ("none", "similarity", "ratings")


def drawn(rng, size, most=6):
    """Rows of `size` items with at most `most` neighbours each, weights of two digits so that sums are exact."""
    lengths = rng.integers(0, min(most, size) + 1, size)
    indices = [np.sort(rng.choice(size, count, replace=False)) for count in lengths]
    weights = rng.integers(1, 100, lengths.sum()) / 64.0
    return Rows(np.r_[0, lengths.cumsum()], np.concatenate(indices).astype(np.int32), weights.astype(np.float32))


def plain(rows, how, history, strengths, size):
    """Scores and what each entry brought, by the formula: items, entries × items."""
    brought, below = np.zeros((len(history), size)), np.zeros(size)
    for entry, item in enumerate(history):
        for at in range(rows.indptr[item], rows.indptr[item + 1]):
            brought[entry, rows.indices[at]] += strengths[entry] * rows.weights[at]
            below[rows.indices[at]] += rows.weights[at] if how == "similarity" else strengths[entry]
    if how != "none":
        brought = np.divide(brought, below, out=np.zeros_like(brought), where=below > 0)
    return brought.sum(axis=0), brought


@pytest.mark.parametrize("size", [1, 7, 60, 400])
def test_two_thousand_histories_are_heard_as_the_sums_say(size):
    rng = np.random.default_rng(size)
    for _shop in range(25):
        voices = [drawn(rng, size) for _voice in range(rng.integers(1, 4))]
        how = [str(rng.choice(HOW)) for _voice in voices]
        near = Near.of(voices, how)
        for _history in range(20):
            history = rng.permutation(size)[: rng.integers(1, 12)]
            strengths = [rng.integers(1, 64, len(history)) / 32.0 for _voice in voices]
            heard = near.hear(history, strengths)
            told = [plain(rows, way, history, own, size) for rows, way, own in zip(voices, how, strengths, strict=True)]
            scores, brought = np.stack([one[0] for one in told]), [one[1] for one in told]

            everywhere = np.zeros((len(voices), size))
            everywhere[:, heard.items] = heard.scores
            np.testing.assert_allclose(everywhere, scores, rtol=1e-12)
            assert (np.diff(heard.items) > 0).all()
            chosen = rng.permutation(len(heard.items))[:5]
            weights = rng.random(len(voices))
            expected = sum(w * own[:, heard.items[chosen]].T for w, own in zip(weights, brought, strict=True))
            np.testing.assert_allclose(heard.said_of(chosen, weights), expected, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("how", "read"), [("none", 17), ("ratings", 40)])
def test_what_a_voice_hears_far_more_faintly_than_its_loudest_entry_is_not_read(how, read):
    """Half after each entry: from the eighteenth on there is less than 2^-8 of the first. Divided sums need all."""
    size = 41
    chain = Rows(np.minimum(np.arange(size + 1), size - 1), np.arange(1, size, dtype=np.int32), np.ones(40, np.float32))
    near = Near.of([chain, chain], ["none", how])

    heard = near.hear(np.arange(40), [np.ones(40), 0.5 ** (np.arange(40) / 2.0)])

    assert heard.lengths.sum(axis=1).tolist() == [40, read]
    expected = 0.5 ** (np.arange(read) / 2.0) if how == "none" else np.ones(read)
    np.testing.assert_allclose(heard.scores[1], np.r_[expected, np.zeros(40 - read)], rtol=1e-12)
    assert heard.scores[0].tolist() == [1.0] * 40


def test_a_row_holds_what_each_voice_says_one_after_the_other():
    near = Near.of(
        [
            Rows(np.array([0, 1, 1]), np.array([1], np.int32), np.array([0.5], np.float32)),
            Rows(np.array([0, 2, 3]), np.array([0, 1, 0], np.int32), np.array([1, 2, 3], np.float32)),
        ],
        ["none", "none"],
    )

    arrays = near.to_arrays()
    assert (arrays["near_starts"].tolist(), arrays["near_lengths"].tolist()) == ([0, 3, 4], [[1, 2], [0, 1]])
    pairs = arrays["near_pairs"]
    assert (pairs.dtype, pairs[:, 0].tolist()) == (np.int32, [1, 0, 1, 0])
    assert pairs[:, 1].copy().view(np.float32).tolist() == [0.5, 1.0, 2.0, 3.0]


def shop(size=40):
    """Arrays and meta of a blend in the formats 2, 3 and 4: two voices with neighbours around factors."""
    rng = np.random.default_rng(5)
    attention = {"weighting": "log", "half_life": 3.0, "distance": 0.0}
    voices = {"item_knn": (drawn(rng, size), "similarity"), "rp3beta": (drawn(rng, size), "none")}
    common = {
        "item_ids": np.arange(size) * 3 + 1, "popularity": rng.random(size, np.float32),
        "ials_factors": rng.normal(size=(size, 4)).astype(np.float32), "ials_spectrum": np.arange(1.0, 5.0),
        **dict(zip(("similar_indptr", "similar_indices", "similar_weights"), voices["item_knn"][0], strict=True)),
    }  # fmt: skip
    told = [{"name": name, "normalise": how, "attention": attention} for name, (_rows, how) in voices.items()]
    factors = {"name": "ials", "alpha": 2.0, "regularisation": 0.1, "exponent": 1.0, "attention": attention}
    meta = {"strategy": "blend", "voices": [told[0], factors, told[1]]}
    apart = {
        f"{name}_{part}": getattr(rows, part)
        for name, (rows, _how) in voices.items()
        for part in ("indptr", "indices", "weights")
    }
    together = Near.of([rows for rows, _how in voices.values()], [how for _rows, how in voices.values()]).to_arrays()
    halves = {name: together[name] for name in ("near_starts", "near_lengths")} | {
        "near_indices": together["near_pairs"][:, 0],
        "near_weights": together["near_pairs"].view(np.float32)[:, 1],
    }
    return {
        2: (common | apart, meta | {"format": 2}),
        3: (common | halves, meta | {"format": 3}),
        4: (common | together, meta | {"format": 4}),
    }


@pytest.mark.parametrize("format", [2, 3])
def test_a_model_of_an_earlier_format_answers_as_one_of_this(format):
    before, now = (ServingModel.from_arrays(*shop()[number]) for number in (format, 4))
    rng = np.random.default_rng(7)
    for _history in range(300):
        known = rng.permutation(now.item_ids)[: rng.integers(1, 20)].tolist()
        history = [(int(pk), float(rng.choice([1.0, 3.0]))) for pk in known]

        assert before.recommend(history, 8, exclude=known) == now.recommend(history, 8, exclude=known)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"near_pairs": None}, "lacks near_pairs"),
        ({"near_pairs": np.zeros((7, 3), np.int32)}, "no pairs of an item and its weight"),
        ({"near_pairs": np.zeros((7, 2), np.int64)}, "no pairs of an item and its weight"),
        ({"near_starts": np.zeros(3, np.int64)}, "neighbours do not fit its items"),
        ({"near_lengths": np.zeros((40, 3), np.int32)}, "do not fit its voices"),
        ({"near_lengths": np.zeros((40, 2), np.int32)}, "not as long as its voices say"),
    ],
)
def test_neighbours_that_do_not_fit_are_refused(change, message):
    arrays, meta = shop()[4]

    with pytest.raises(ValueError, match=message):
        ServingModel.from_arrays({k: v for k, v in (arrays | change).items() if v is not None}, meta)
