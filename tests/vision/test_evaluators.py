"""`manage.py evaluate vision` on folders that are drawn here, and on folders that cannot be judged."""

import json

import pytest
from PIL import Image

from core.evaluation import Run, UsageError, evaluate
from tests.vision.ml.pictures import garment, scene
from vision.evaluators import VisionEvaluator

COLOURS = {"red": (200, 30, 40), "green": (30, 150, 60), "blue": (40, 60, 190)}


def run(**options):
    whole = {
        "train": None, "validation": None, "test": None, "folds": 0, "architecture": "product", "size": 32,
        "with_plain": False, "weights": None, "save_weights": None,
    }  # fmt: skip
    return evaluate("vision", VisionEvaluator(), Run(whole | options, seed=1, time_budget=6.0))


@pytest.fixture
def folder(tmp_path):
    def make(name: str, each: int, first: int, colours=tuple(COLOURS)) -> str:
        for colour in colours:
            (tmp_path / name / colour).mkdir(parents=True)
            for at in range(first, first + each):
                picture = garment(COLOURS[colour], scene(at, side=8).getpixel((1, 1)), seed=at, side=64)
                picture.save(tmp_path / name / colour / f"{at}.jpg")
        return str(tmp_path / name)

    return make


def test_folders_of_classes_are_judged_with_their_parents(folder, tmp_path):
    train, test = folder("train", 24, 0), folder("test", 8, 100)
    (tmp_path / "train" / "classes.csv").write_text("class,parent\nred,warm\ngreen,cold\nblue,cold\n")
    (tmp_path / "train" / "red" / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    (tmp_path / "test" / "purple").mkdir()
    Image.new("RGB", (40, 40), (120, 20, 140)).save(tmp_path / "test" / "purple" / "one.png")

    found = run(train=train, test=test, save_weights=str(tmp_path / "kept.npz"))

    assert found["accuracy"] > 0.8
    assert found["parent_accuracy"] > 0.8  # sums of chances: a leaf may lead where its parent does not
    assert found["accuracy_low"] < found["accuracy"] <= found["accuracy_high"]
    assert set(found["strategies"]) == {"served", "hog_svm"}
    assert set(found["per_class"]) == set(COLOURS)
    told = {"coverage_at_95", "precision_at_95", "coverage_promised_95", "precision_promised_95"}
    told |= {"coverage_applied_95", "precision_applied_95"}
    assert {"macro_f1", "ece", "similar_precision@10"} | told <= set(found)
    assert found["images_per_cpu_second"] > 0
    assert found["data"]["test"] == 24
    assert found["data"]["unreadable"] == 1
    assert any("broken.jpg" in note for note in found["notes"])
    assert any("purple" in note for note in found["notes"])
    assert (tmp_path / "kept.npz").is_file()
    json.dumps(found, allow_nan=False)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lambda path: (path / "train").mkdir(), "holds no folder with"),
        (lambda path: drawn(path / "train" / "only", 6), "holds 1 class; two are needed"),
        (lambda path: [drawn(path / "train" / name, 2) for name in ("a", "b")], "two classes with 4 pictures"),
        (lambda path: [same(path / "train" / name, 9) for name in ("a", "b")], "look the same"),
        (lambda path: [broken(path / "train" / name, 5) for name in ("a", "b")], "no readable picture"),
    ],
)
def test_folders_that_cannot_teach_end_in_one_sentence(tmp_path, make, reason):
    make(tmp_path)
    for name in ("a", "b", "only"):
        drawn(tmp_path / "test" / name, 2, first=50)

    with pytest.raises(UsageError, match=reason):
        run(train=str(tmp_path / "train"), test=str(tmp_path / "test"))


def test_options_that_do_not_go_together_are_refused(tmp_path):
    drawn(tmp_path / "a", 2)

    for options in ({}, {"test": str(tmp_path), "folds": 3}, {"folds": 1}, {"folds": 3, "size": 4}):
        with pytest.raises(UsageError):
            run(train=str(tmp_path), **options)


def test_more_parts_than_pictures_can_fill_end_in_one_sentence(tmp_path):
    for name in ("a", "b"):
        drawn(tmp_path / "train" / name, 12)

    with pytest.raises(UsageError, match=r"--folds: 20 parts of 12 different pictures leave some empty"):
        run(train=str(tmp_path / "train"), folds=20)


def test_a_tree_that_runs_in_a_circle_is_refused(folder, tmp_path):
    train = folder("train", 2, 0)
    (tmp_path / "train" / "classes.csv").write_text("class,parent\nred,warm\nwarm,red\n")

    with pytest.raises(UsageError, match="its own ancestor"):
        run(train=train, test=train)


def drawn(folder, count, first=0):
    folder.mkdir(parents=True)
    for at in range(first, first + count):
        scene(at + len(folder.name) * 1_000, side=64).save(folder / f"{at}.jpg")


def same(folder, count):
    folder.mkdir(parents=True)
    for at in range(count):
        scene(1, side=64).save(folder / f"{at}.jpg")


def broken(folder, count):
    folder.mkdir(parents=True)
    for at in range(count):
        (folder / f"{at}.jpg").write_bytes(b"")
