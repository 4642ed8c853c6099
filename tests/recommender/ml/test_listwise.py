import numpy as np

from recommender.ml.listwise import Ranker, learn


def lists(count=2000, width=8, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, width, 3)).astype(np.float32)


def hits(arrays, features, target):
    return float((Ranker(arrays).scores(features).argmax(axis=1) == target).mean())


def test_a_linear_rule_is_found_without_a_hidden_layer():
    features = lists()
    target = (2 * features[..., 0] - features[..., 2]).argmax(axis=1)
    present = np.ones(features.shape[:2], bool)

    arrays = learn(features, present, target, rows=np.arange(1500), hidden=0, epochs=30, rate=0.05)

    assert "inner" not in arrays
    assert hits(arrays, features[1500:], target[1500:]) > 0.95


def test_a_rule_that_is_not_linear_needs_the_hidden_layer():
    features = lists()
    target = np.abs(features[..., 1]).argmax(axis=1)
    present = np.ones(features.shape[:2], bool)

    flat, deep = (
        learn(features, present, target, rows=np.arange(1500), hidden=hidden, epochs=40, rate=0.02)
        for hidden in (0, 16)
    )

    assert hits(flat, features[1500:], target[1500:]) < 0.3
    assert hits(deep, features[1500:], target[1500:]) > 0.8


def test_places_without_a_candidate_teach_nothing():
    features, target = lists(600), np.zeros(600, int)
    present = np.ones((600, 8), bool)
    present[:, 5:] = False
    target = features[:, :5, 0].argmax(axis=1)
    noisy = features.copy()
    noisy[:, 5:] = 1e6

    quiet, loud = (learn(table, present, target, rows=np.arange(600), seed=4) for table in (features, noisy))

    assert all((quiet[name] == loud[name]).all() for name in quiet if name not in ("mean", "scale"))
    assert (quiet["mean"] == loud["mean"]).all()


def test_the_same_seed_learns_the_same():
    features = lists(300)
    present, target = np.ones((300, 8), bool), features[..., 0].argmax(axis=1)

    one, two = (learn(features, present, target, rows=np.arange(300), seed=9) for _ in range(2))

    assert all((one[name] == two[name]).all() for name in one)


def test_a_feature_that_never_changes_is_left_out_of_account():
    features = lists(300)
    features[..., 1] = 7.0
    present, target = np.ones((300, 8), bool), features[..., 0].argmax(axis=1)

    arrays = learn(features, present, target, rows=np.arange(300))

    assert arrays["scale"][1] == 0.0
    assert np.isfinite(Ranker(arrays).scores(features)).all()
