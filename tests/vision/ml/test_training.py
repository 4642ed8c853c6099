"""Planted pictures are learned by both networks, within a time, across a kill, and served as they were learned."""

import dataclasses
import json

import numpy as np
import pytest

from vision.ml.deep import backbones, exporting, keeping, networks, recipe, training
from vision.ml.deep.training import Settings, TooFewExamples, train
from vision.ml.examples import Classes, Examples, Group
from vision.ml.pictures import of_array
from vision.ml.serving import Tagger, build_tagger, prepared

SIZE = 32
TOLD = Classes(("disc", "cross", "bar"), {"disc": "round", "cross": "straight", "bar": "straight"},
               (Group("tone", ("dark", "light")),))  # fmt: skip
QUICK = dataclasses.replace(recipe.Recipe(), most_epochs=16, rate=4e-3, batch=32)


def forms(count: int, seed: int) -> Examples:
    """Forms in a random place, dark or light on grey; the tone of every third one is unknown."""
    rng = np.random.default_rng(seed)
    category = rng.integers(0, 3, count).astype(np.int32)
    dark = rng.integers(0, 2, count)
    down, across = np.mgrid[0:SIZE, 0:SIZE]
    pictures = np.empty((count, SIZE, SIZE, 3), np.float64)
    for at in range(count):
        y, x = rng.integers(12, 20, 2)
        near, far = np.minimum(abs(down - y), abs(across - x)), np.maximum(abs(down - y), abs(across - x))
        shape = [
            np.hypot(down - y, across - x) < 8,
            (near < 2) & (far < 10),
            (abs(down - y) < 3) & (abs(across - x) < 10),
        ]
        pictures[at] = (
            128 + rng.normal(0, 8, (SIZE, SIZE, 1)) + (-90 if dark[at] else 90) * shape[category[at]][..., None]
        )
    tone = np.stack([dark, 1 - dark], axis=1).astype(np.int8)
    tone[::3] = -1
    return Examples(pictures.clip(0, 255).astype(np.uint8), category, {"tone": tone}, np.arange(count))


@pytest.fixture(scope="module", autouse=True)
def _narrow():
    """The same network with fewer channels: seconds instead of minutes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "STEM", 8)
        patch.setattr(networks, "WIDTHS", (16, 32))
        patch.setitem(networks.DIMENSIONS, "product", 32)
        yield


@pytest.fixture(scope="module")
def learned():
    return train(forms(240, 0), forms(90, 1), TOLD, settings=Settings(size=SIZE, cpu_seconds=40.0, recipe=QUICK))


def test_the_product_network_learns_forms_and_tones(learned):
    asked = forms(90, 2)
    reading = Tagger(learned.arrays, learned.meta).read(asked.read(slice(None)))

    assert (reading.category.argmax(axis=1) == asked.category).mean() > 0.9
    known = asked.groups["tone"][:, 0] >= 0
    assert ((reading.groups["tone"][known, 0] > 0.5) == (asked.groups["tone"][known, 0] == 1)).mean() > 0.9
    assert reading.category.sum(axis=1) == pytest.approx(1.0, abs=1e-5)
    assert np.linalg.norm(reading.embedding, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_plain_network_learns_forms():
    plain = dataclasses.replace(recipe.PLAIN_RECIPE, most_epochs=12)
    found = train(forms(240, 0), forms(90, 1), TOLD,
                  settings=Settings("plain", SIZE, 20.0, recipe=plain))  # fmt: skip

    assert found.curves[-1]["val_accuracy"] > 0.8
    assert found.meta["dimensions"] == found.validation.embedding.shape[1] == 128


def test_a_version_is_ready_for_the_registry(learned):
    meta = json.loads(json.dumps(learned.meta))

    class Loaded:
        arrays = dict(learned.arrays)

    Loaded.meta = meta
    tagger = build_tagger(Loaded())

    assert (tagger.size, tagger.dimensions, tagger.classes) == (SIZE, 32, TOLD.classes)
    assert tagger.groups == TOLD.groups
    assert list(learned.arrays) == ["network"]
    assert learned.curves[-1]["epoch"] == learned.meta["epochs"] == 16
    assert learned.curves[-1]["loss"] < learned.curves[0]["loss"]


def test_a_description_that_does_not_fit_the_network_is_refused(learned):
    with pytest.raises(ValueError, match="where its description says"):
        Tagger(learned.arrays, learned.meta | {"classes": ["disc", "cross"]})
    with pytest.raises(ValueError):
        Tagger(learned.arrays, learned.meta | {"temperature": 0.0})
    with pytest.raises(ValueError, match="uint8"):
        Tagger(learned.arrays, learned.meta).read(np.zeros((1, 16, 16, 3), np.uint8))
    with pytest.raises((ValueError, RuntimeError)):
        Tagger({"network": learned.arrays["network"][:1000]}, learned.meta)


@pytest.mark.parametrize("size", [SIZE, 48])
def test_the_file_says_what_the_learned_network_says(learned, size):
    keras, tf, _has_gpu = training.loaded(0)
    model = networks.build(keras, "product", size, TOLD)
    for path, variable in backbones.below_heads(model).items():
        variable.assign(learned.backbone[path])
    asked = np.repeat(np.repeat(forms(12, 5).read(slice(None)), 2, axis=1), 2, axis=2)[:, :size, :size]
    tagger = Tagger({"network": exporting.exported(tf, model, size)}, learned.meta | {"size": size})

    wanted = exporting.reader_of(tf, model)(tf.constant(asked.astype(np.float32)))
    found = tagger.raw(asked)

    assert found.embedding == pytest.approx(wanted["embedding"].numpy(), abs=1e-4)
    assert found.category == pytest.approx(wanted["category"].numpy(), abs=1e-3)
    assert found.groups["tone"] == pytest.approx(wanted["group_0"].numpy(), abs=1e-3)


@pytest.mark.parametrize(
    ("architecture", "size", "views"), [("product", 48, 4), ("product", SIZE, 2), ("plain", 48, 2)]
)
def test_larger_pictures_are_read_nearer_too_and_all_of_them_mirrored(architecture, size, views):
    keras, tf, _has_gpu = training.loaded(0)
    model = networks.build(keras, architecture, size, TOLD)
    asked = tf.random.stateless_uniform((2, size, size, 3), (1, 2), 0.0, 255.0)
    seen = [asked]
    if views == 4:
        seen.append(tf.image.resize(asked[:, 3:-3, 3:-3], (size, size)))
    seen += [one[:, :, ::-1] for one in seen]

    found = exporting.reader_of(tf, model)(asked)

    assert exporting.views_of(architecture, size) == len(seen) == views
    wanted = np.mean([model(one, training=False)["category"].numpy() for one in seen], axis=0)
    assert found["category"].numpy() == pytest.approx(wanted, abs=1e-4)


def test_pictures_grow_on_the_way_and_are_looked_at_in_every_size():
    def larger(own: Examples) -> Examples:
        return dataclasses.replace(own, pictures=own.pictures.repeat(2, axis=1).repeat(2, axis=2))

    short = Settings(size=64, cpu_seconds=20.0, recipe=dataclasses.replace(QUICK, most_epochs=2))

    found = train(larger(forms(48, 0)), larger(forms(30, 1)), TOLD, settings=short)

    assert [one["size"] for one in found.curves] == [48, 64]
    assert [one["val_accuracy"] >= 0.0 for one in found.curves] == [True, True]
    assert (found.meta["size"], found.meta["stages"]) == (64, [[48, 1], [64, 1]])


def test_a_picture_is_read_as_its_mirror_image_and_alone_as_among_others(learned):
    tagger, asked = Tagger(learned.arrays, learned.meta), forms(6, 6).read(slice(None))

    together, mirrored = tagger.read(asked), tagger.read(asked[:, :, ::-1])

    assert together.embedding == pytest.approx(mirrored.embedding, abs=1e-5)
    assert (tagger.read(asked[3:4]).category[0] == together.category[3]).all()


def test_what_is_killed_goes_on_and_ends_as_it_would_have(tmp_path):
    own, held = forms(64, 0), forms(30, 1)

    class Killed(Exception):
        pass

    def settings(folder):
        return Settings(size=SIZE, cpu_seconds=60.0, folder=folder, recipe=dataclasses.replace(QUICK, most_epochs=5))

    def kill(share: float, said: str) -> None:
        if said == "2/5":
            raise Killed

    whole = train(own, held, TOLD, settings=settings(tmp_path / "whole"))
    with pytest.raises(Killed):
        train(own, held, TOLD, settings=settings(tmp_path / "cut"), on_progress=kill)
    heard: list[str] = []
    rest = train(
        own, held, TOLD, settings=settings(tmp_path / "cut"), on_progress=lambda share, said: heard.append(said)
    )

    assert heard == ["2/5", "3/5", "4/5", "5/5"]
    assert [one["epoch"] for one in rest.curves] == [1, 2, 3, 4, 5]
    assert [one["loss"] for one in rest.curves] == pytest.approx([one["loss"] for one in whole.curves], rel=1e-3)
    assert rest.validation.category == pytest.approx(whole.validation.category, abs=2e-2)
    assert keeping.read(tmp_path / "cut") is None


def test_other_examples_begin_anew_and_a_damaged_state_does_not_matter(tmp_path):
    state = Settings(size=SIZE, cpu_seconds=10.0, folder=tmp_path, recipe=dataclasses.replace(QUICK, most_epochs=1))
    keeping.write(tmp_path, {"v_0": np.zeros(3)}, {"fingerprint": "of other examples"})
    heard: list[str] = []

    train(forms(40, 0), forms(20, 1), TOLD, settings=state, on_progress=lambda share, said: heard.append(said))
    (tmp_path / keeping.NAME).write_bytes(b"PK\x03\x04 half of it")

    assert heard == ["0/1", "1/1"]
    assert keeping.read(tmp_path) is None


def test_an_unknown_label_changes_no_gradient():
    tf = training.loaded(0)[1]
    own = forms(30, 0)
    with_unknown = recipe.targets(own, TOLD, 0.5)
    out = {
        "category": tf.Variable(np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)),
        "group_0": tf.Variable(np.random.default_rng(1).normal(size=(30, 2)).astype(np.float32)),
    }
    unknown = dataclasses.replace(own, category=np.where(np.arange(30) < 10, -1, own.category).astype(np.int32))
    wanted = recipe.targets(unknown, TOLD, 0.5)

    def gradients(targets):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(recipe.loss_of(tf, out, targets, TOLD, 0.1))
        return [tape.gradient(loss, [out["category"]])[0].numpy(), loss]

    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(recipe.loss_of(tf, out, wanted, TOLD, 0.1))
    of_category, of_tone = (one.numpy() for one in tape.gradient(loss, [out["category"], out["group_0"]]))

    assert (of_category[:10] == 0).all()
    assert (of_category[10:] != 0).all()
    assert (of_tone[::3] == 0).all()
    assert (of_tone[1::3] != 0).all()
    assert (gradients(with_unknown)[0] != 0).all()


def test_rare_classes_count_more_and_all_together_as_before():
    category = np.array([0] * 90 + [1] * 10, np.int32)

    weights = recipe.class_weights(category, 3, 0.5)

    assert weights[1] / weights[0] == pytest.approx(3.0)
    assert weights[category].mean() == pytest.approx(1.0)


def test_the_rate_rises_then_falls_to_nothing():
    own = recipe.Recipe(rate=1.0, warm_up=0.2)

    assert [round(recipe.rate_at(own, at), 3) for at in (0.0, 0.1, 0.2, 0.6, 1.0)] == [0.0, 0.5, 1.0, 0.5, 0.0]


def test_weights_of_elsewhere_are_begun_from_and_recorded(tmp_path, learned):
    path = tmp_path / "weights.npz"
    backbones.write(path, "product", learned.backbone)
    own = Settings(size=SIZE, cpu_seconds=20.0, weights=path, may_unfreeze=False)

    found = train(forms(60, 7), forms(60, 8), TOLD, settings=own)

    assert (found.validation.category.argmax(axis=1) == forms(60, 8).category).mean() > 0.85
    assert len(found.meta["weights_sha256"]) == 64
    assert found.curves == []
    assert found.backbone["stem_conv/kernel"] == pytest.approx(learned.backbone["stem_conv/kernel"], abs=1e-6)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda kept: kept | {"stem_conv/kernel": kept["stem_conv/kernel"][..., :7]}, "stem_conv/kernel is"),
        (lambda kept: {name: value for name, value in kept.items() if name != "stem_norm/gamma"}, "lacks stem_norm"),
        (lambda kept: kept | {"stem_norm/gamma": kept["stem_norm/gamma"] * np.nan}, "stem_norm/gamma"),
    ],
)
def test_weights_of_another_shape_are_refused_with_the_reason(tmp_path, learned, change, reason):
    path = tmp_path / "weights.npz"
    backbones.write(path, "product", change(learned.backbone))

    with pytest.raises(backbones.UnfitWeights, match=reason):
        train(forms(40, 0), forms(20, 1), TOLD, settings=Settings(size=SIZE, cpu_seconds=5.0, weights=path))


def test_files_that_hold_no_weights_are_refused(tmp_path, learned):
    (tmp_path / "text.npz").write_text("no archive")
    backbones.write(tmp_path / "plain.npz", "plain", learned.backbone)

    for name, reason in (
        ("gone.npz", "cannot be read"),
        ("text.npz", "is not a file"),
        ("plain.npz", "plain, not prod"),
    ):
        with pytest.raises(backbones.UnfitWeights, match=reason):
            train(forms(40, 0), forms(20, 1), TOLD, settings=Settings(size=SIZE, weights=tmp_path / name))


def test_what_cannot_be_learned_from_is_refused_before_any_work():
    own = forms(40, 0)
    one_class = dataclasses.replace(
        own.take(own.category == 0), groups={"tone": np.full((int((own.category == 0).sum()), 2), -1, np.int8)}
    )
    none = own.take(np.zeros(40, bool))

    with pytest.raises(TooFewExamples, match="two classes"):
        train(one_class, own, TOLD, settings=Settings(size=SIZE))
    with pytest.raises(TooFewExamples, match="two classes"):
        train(none, own, TOLD, settings=Settings(size=SIZE))
    with pytest.raises(TooFewExamples, match="no picture to check"):
        train(own, none, TOLD, settings=Settings(size=SIZE))
    with pytest.raises(ValueError, match="architecture"):
        train(own, own, TOLD, settings=Settings("huge", SIZE))
    with pytest.raises(ValueError, match="pixels a side"):
        train(own, own, TOLD, settings=Settings(size=64))


def test_all_of_a_picture_is_seen():
    tall = np.zeros((90, 30, 3), np.uint8)
    tall[:30] = 250

    seen = prepared(of_array(tall), 24)

    assert seen.shape == (24, 24, 3)
    assert (seen[:8] == 250).all()
    assert (seen[8:] == 0).all()
