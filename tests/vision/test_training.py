"""From the shop's photos to a published version: what teaches, what judges, what the gate lets through."""

import inspect
import re
from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone, translation

from catalog.models import ProductTag
from core.exceptions import DomainError
from core.jobs import enqueue, execute
from core.models import Job, ModelVersion
from core.said import Said
from tests.factories import CategoryFactory, LabelFactory, ModelVersionFactory, ReviewDecisionFactory
from tests.vision import learner
from vision import first, judging, training
from vision import learning as learning_again
from vision.judging import Answers
from vision.ml.deep import backbones
from vision.ml.deep.backbones import UnfitWeights
from vision.models import LabelSet, ReviewDecision, VisionSettings
from vision.quality import tables
from vision.tasks import LEARNING_BROKE, keep_learning

pytestmark = pytest.mark.django_db
RED, BLUE, GREEN = (180, 20, 20), (20, 20, 180), (20, 180, 20)


@pytest.fixture
def shop(photos, learning):
    """Two categories that differ in colour: 60 red photos, 60 blue ones."""
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    return {"tops": tops, "bags": bags, "red": photos(tops, RED, 60), "blue": photos(bags, BLUE, 60)}


def test_a_first_version_is_learned_judged_published_and_described(shop, learning):
    version = training.train()

    report = version.report
    assert version.is_active
    assert version.metrics == {"accuracy": 1.0, "macro_f1": 1.0, "top3": 1.0, "parent_accuracy": 1.0, "ece": 0.0}
    assert version.row_count == report["parts"]["train"]
    assert sum(report["parts"].values()) == report["manifest"]["photos"] == 120
    assert {row["key"] for row in report["classes"]} == {shop["tops"].public_id, shop["bags"].public_id}
    assert sum(cell["photos"] for cell in report["cells"]) == report["parts"]["test"]
    assert sum(one["photos"] for one in report["bins"]) == report["parts"]["test"]
    assert report["engine"] | {"cpu_seconds": 1.5} == report["engine"]
    assert [one["epoch"] for one in report["curves"]] == list(range(1, 10))
    assert report["label_errors"] == []
    assert version.gate["active"] is None


def test_what_judges_is_never_learned_and_validation_changes_from_version_to_version(shop, learning):
    training.train()
    training.train()

    (first_train, first_held, _plan), (next_train, next_held, _plan) = learning.seen
    read = training.datasets.read(VisionSettings.current().size)
    tested = set(read.examples.clusters[read.tested].tolist())
    for part in (first_train, first_held, next_train, next_held):
        assert tested.isdisjoint(part.clusters.tolist())
    assert set(first_train.clusters).isdisjoint(first_held.clusters)
    assert set(first_held.clusters) != set(next_held.clusters)


def test_settings_of_the_shop_reach_the_training_and_a_first_one_has_its_own_budget(shop, learning):
    VisionSettings.objects.create(architecture="plain", cpu_seconds=77, size=96, may_unfreeze=False)

    training.train()
    training.train(cpu_seconds=5)

    plans = [plan for _train, _held, plan in learning.seen]
    told = [(plan.architecture, plan.cpu_seconds, plan.size, plan.may_unfreeze) for plan in plans]
    assert told == [("plain", 77.0, 96, False), ("plain", 5.0, 96, False)]
    assert learning.seen[0][0].size == 96


def test_a_later_version_is_compared_on_photos_that_neither_learned(shop, learning):
    training.train()

    version = training.train()

    (row,) = version.report["compared"]
    assert (row["view"], row["gained"], row["lost"], row["p"]) == ("all", 0, 0, 1.0)
    assert row["photos"] == version.report["parts"]["test"]
    assert version.report["compared_with"] == "vision.v1"
    assert version.gate["same_data"]


def test_photos_that_the_live_version_learned_before_they_came_to_judge_are_left_out(shop, learning, monkeypatch):
    with monkeypatch.context() as patch:  # half of the photos, so that they share some with those that judge next
        patch.setattr(training.datasets, "TEST_SEED", 999)
        patch.setattr(training.datasets, "TEST_SHARE", 0.5)
        training.train()

    version = training.train()

    (row,) = version.report["compared"]
    assert 0 < row["photos"] < version.report["parts"]["test"]


def test_a_version_that_reads_worse_is_refused_and_the_live_one_stays(shop, learning, monkeypatch):
    live = training.train()
    train = learning.train

    def badly(*args, **kwargs):
        learned = train(*args, **kwargs)
        learned.meta["classes"] = learned.meta["classes"][::-1]
        return learned

    monkeypatch.setattr(learning, "train", badly)
    version = training.train()

    assert version.state == ModelVersion.State.REFUSED
    assert (version.gate["candidate"], version.gate["active"]) == (0.0, 1.0)
    assert ModelVersion.objects.of("vision").active().get() == live


def test_a_version_that_tells_every_attribute_worse_is_refused_however_well_it_tells_categories(
    shop, learning, monkeypatch
):
    patterns = [
        ProductTag(product_id=image.product_id, kind="pattern", value=value, source="import")
        for value, colour in (("Striped", "red"), ("Plain", "blue")) for image in shop[colour]
    ]  # fmt: skip
    ProductTag.objects.bulk_create(patterns)
    train, tells = learning.train, {}

    def taught(*args, **kwargs):
        learned = train(*args, **kwargs)
        (group,) = learned.meta["groups"]
        red = learned.meta["classes"].index(shop["tops"].public_id)
        rows = [[float((label == "striped") == (at == red)) for label in group["labels"]] for at in (0, 1)]
        learned.meta["told_of"] = {"pattern": rows if tells["well"] else [rows[1], rows[0]]}
        return learned

    monkeypatch.setattr(learning, "train", taught)
    tells["well"] = True
    training.train()
    again = training.train()
    assert again.state == ModelVersion.State.ACTIVE
    tells["well"] = False

    version = training.train()

    views = {row["view"]: row for row in version.report["compared"]}
    assert (views["all"]["candidate"], views["all"]["active"]) == (1.0, 1.0)
    assert (views["labels"]["candidate"], views["labels"]["active"], views["labels"]["labels"]) == (0.0, 1.0, 2)
    assert version.state == ModelVersion.State.REFUSED
    assert ModelVersion.objects.of("vision").active().get() == again
    assert "tells attributes worse" in str(tables.comparison(version).foot)


def test_two_hundred_wrong_decisions_do_not_prove_themselves_right(photos, learning):
    tops, bags = CategoryFactory.create(), CategoryFactory.create()
    red, _blue = photos(tops, RED, 140), photos(bags, BLUE, 140)
    live = training.train()
    label = LabelFactory.create(label_set=LabelSet.objects.get(key="category"), key=bags.public_id, category=bags)
    for image in red[:100]:
        for came_from in ("queue", "labelling"):
            ReviewDecisionFactory.create(
                product=image.product, image=image, content_sha256=image.content_sha256, label=label,
                came_from=came_from, decided_at=timezone.now(),
            )  # fmt: skip
    assert ReviewDecision.objects.count() == 200

    version = training.train()

    views = {row["view"]: row for row in version.report["compared"]}
    assert version.state == ModelVersion.State.REFUSED
    assert views["undecided"]["lost"] > 0 == views["undecided"]["gained"]
    assert ModelVersion.objects.of("vision").active().get() == live


@pytest.mark.parametrize(("counts", "code"), [((30,), "too_few_photos"), ((60,), "one_class"), ((), "too_few_photos")])
def test_too_little_is_refused_with_its_reason(photos, learning, counts, code):
    for count in counts:
        photos(CategoryFactory.create(), RED, count)

    with pytest.raises(DomainError) as refused:
        training.train()

    assert refused.value.code == code
    assert not ModelVersion.objects.exists()


def test_the_same_photo_over_and_over_is_refused_with_its_reason(photos, learning):
    one, *rest = photos(CategoryFactory.create(), RED, 60)
    for other in rest:
        type(other).objects.filter(pk=other.pk).update(content_sha256=one.content_sha256)
        type(other.analysis).objects.filter(pk=other.pk).update(content_sha256=one.content_sha256)

    with pytest.raises(DomainError) as refused:
        training.train()

    assert refused.value.code in {"too_few_photos", "all_alike"}


def test_weights_that_do_not_fit_are_refused_with_their_reason(shop, learning, monkeypatch):
    def unfit(*_given, **_named):
        raise UnfitWeights("other_network", "w.npz is of another.", file="w.npz", found="plain", wanted="product")

    monkeypatch.setattr("vision.ml.deep.training.train", unfit)

    with pytest.raises(DomainError, match="is for the network plain, not for product") as refused:
        training.train()

    assert refused.value.code == "unfit_weights"


def test_a_first_version_that_only_names_the_commonest_category_is_refused(photos, learning, monkeypatch):
    photos(CategoryFactory.create(), RED, 60)
    photos(CategoryFactory.create(), RED, 60)

    def always_the_same(pixels):
        return np.zeros((len(pixels), 3), np.float32)

    monkeypatch.setattr(learner, "means", always_the_same)
    monkeypatch.setattr(training, "SHOWN_FROM", 1)  # how many photos judge depends on the numbers of products
    with pytest.raises(DomainError) as refused:
        training.train()

    assert refused.value.code == "not_better"


# --- as a job -------------------------------------------------------------------------------------------------------


def test_a_job_trains_once_and_has_everything_read_by_what_serves(shop, learning):
    job = enqueue("vision.tasks.train")
    execute(job.pk)

    job.refresh_from_db()
    version = ModelVersion.objects.get()
    assert (job.state, job.result) == (Job.State.DONE, {"version": "vision.v1", "passed": True})
    assert version.job_id == job.pk
    assert Job.objects.filter(kind="vision.read").count() == 1
    assert list((training.Path(training.settings.MODEL_ROOT).parent / "training" / "vision").iterdir()) == []


def test_a_job_that_published_and_died_before_it_said_so_publishes_nothing_more(shop, learning, monkeypatch):
    job = enqueue("vision.tasks.train")
    monkeypatch.setattr(training._Work, "end", lambda work: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        execute(job.pk)
    monkeypatch.undo()
    execute(job.pk)

    job.refresh_from_db()
    assert job.result["version"] == "vision.v1"
    assert ModelVersion.objects.count() == 1
    assert len(learning.seen) == 1


def test_a_killed_training_goes_on_in_its_folder_with_the_same_photos(shop, learning, photos):
    learning.killed_after = KeyboardInterrupt()
    job = enqueue("vision.tasks.train")
    with pytest.raises(KeyboardInterrupt):
        execute(job.pk)
    photos(shop["tops"], GREEN, 20)
    Job.objects.filter(pk=job.pk).update(state=Job.State.QUEUED, lease=None)

    execute(job.pk)

    (_train, _held, before), (train, _held, after) = learning.seen
    assert before.folder == after.folder
    assert after.may_resume
    version = ModelVersion.objects.get()
    assert version.report["manifest"]["photos"] == 120
    assert len(train) == version.row_count


def test_a_refusal_is_the_reason_of_the_job(photos, learning):
    photos(CategoryFactory.create(), RED, 20)
    job = enqueue("vision.tasks.train")

    execute(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "20" in job.message_text
    assert not ModelVersion.objects.exists()


def test_every_reason_of_weights_that_do_not_fit_has_its_sentence(tmp_path):
    whole = tmp_path / "w.npz"
    whole.write_text("no archive")

    for path in (whole, tmp_path / "gone.npz"):
        with pytest.raises(UnfitWeights) as refused:
            backbones.read(path)
        assert path.name in str(Said(training.UNFIT[refused.value.reason], refused.value.values))
    assert set(re.findall(r'UnfitWeights\(\s*"(\w+)"', inspect.getsource(backbones))) == set(training.UNFIT)


def test_an_error_that_nobody_foresaw_is_told_in_plain_words_and_kept_for_the_operator(shop, learning, monkeypatch):
    def broken(*_given, **_named):
        raise KeyError("stem_conv/kernel")

    monkeypatch.setattr(learning, "train", broken)
    job = enqueue("vision.tasks.train")
    execute(job.pk)

    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert job.message_text == LEARNING_BROKE
    assert job.error.startswith("KeyError: 'stem_conv/kernel'")
    with translation.override("zh-hans"):
        assert job.message_text.startswith("学习因无人预料的原因中断")
        assert "stem_conv" not in job.message_text


# --- when it is due -------------------------------------------------------------------------------------------------


def test_it_is_due_a_week_after_the_newest_version_when_staff_decided_enough(db):
    newest = ModelVersionFactory.create(kind="vision", number=1, state=ModelVersion.State.ACTIVE)
    ModelVersion.objects.filter(pk=newest.pk).update(created_at=timezone.now() - timedelta(days=8))
    assert not learning_again.is_due()

    some = ReviewDecisionFactory.create()
    ReviewDecision.objects.bulk_create(
        ReviewDecision(
            product=some.product, label=some.label, is_right=True, came_from="queue", decided_at=timezone.now()
        )
        for _one in range(199)
    )  # fmt: skip
    assert learning_again.is_due()

    ModelVersion.objects.filter(pk=newest.pk).update(created_at=timezone.now() - timedelta(days=6))
    ReviewDecision.objects.update(decided_at=timezone.now())
    assert not learning_again.is_due()


def test_without_any_version_it_is_due_when_there_are_enough_photos_and_not_again_the_same_day(photos, monkeypatch):
    monkeypatch.setattr(first, "WORTH_IT", 3)
    keep_learning()
    assert not Job.objects.exists()

    photos(CategoryFactory.create(), RED, 3)
    keep_learning()
    keep_learning()
    job = Job.objects.get(kind="vision.train")
    Job.objects.filter(pk=job.pk).update(state=Job.State.FAILED)
    assert not learning_again.is_due()


def test_a_new_shop_queues_its_first_training_and_does_not_wait(photos, monkeypatch):
    monkeypatch.setattr(first, "WORTH_IT", 3)
    first.ask()
    assert not Job.objects.exists()
    photos(CategoryFactory.create(), RED, 3)

    first.ask()
    ModelVersionFactory.create(kind="vision")
    first.ask()

    job = Job.objects.get()
    assert (job.kind, job.queue, job.arguments) == ("vision.train", "deep", {"first": True})


# --- figures --------------------------------------------------------------------------------------------------------


def told(*keys, top=None):
    return Answers(
        np.array(keys), np.linspace(0.5, 0.9, len(keys)), np.array([True] * len(keys) if top is None else top)
    )


def test_figures_of_a_planted_confusion():
    right = np.array(["a", "a", "a", "b", "b"])
    own = told("a", "a", "b", "b", "c", top=[True, True, True, True, False])

    assert judging.per_class(right, own) == [
        {"key": "a", "photos": 3, "precision": 1.0, "recall": 0.6667, "f1": 0.8},
        {"key": "b", "photos": 2, "precision": 0.5, "recall": 0.5, "f1": 0.5},
    ]
    found = judging.figures(right, own, {"a": "x", "b": "x", "c": ""})
    assert (found["accuracy"], found["macro_f1"], found["top3"], found["parent_accuracy"]) == (0.6, 0.65, 0.8, 0.8)
    cells = judging.cells(right, own, np.array([11, 12, 13, 14, 15]))
    assert {(one["label"], one["read"]): one["ids"] for one in cells} == {
        ("a", "a"): [12, 11], ("a", "b"): [13], ("b", "b"): [14], ("b", "c"): [15],
    }  # fmt: skip


def test_labels_of_two_versions_are_compared_with_the_error_of_whole_products():
    said = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [-1, -1]], np.int8)
    well = np.array([[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.9, 0.9]], np.float32)
    badly = np.array([[0.9, 0.1], [0.1, 0.9], [0.1, 0.9], [0.1, 0.9], [0.1, 0.1]], np.float32)

    found = judging.paired_labels(said, well, badly, np.array([1, 1, 2, 2, 3]))
    alike = judging.paired_labels(said, well, well, np.arange(5))

    # The first label: 1 of 2 found, F1 2/3. The second: both found and one too many, F1 4/5.
    assert (found["candidate"], found["active"]) == (1.0, round((2 / 3 + 4 / 5) / 2, 4))
    assert (found["photos"], found["labels"], alike["error"]) == (4, 2, 0.0)
    assert found["error"] > 0.05
    assert judging.paired_labels(np.full((5, 2), -1, np.int8), well, badly, np.arange(5)) is None


def test_two_versions_are_compared_photo_by_photo():
    right = np.array(["a"] * 10)
    own, other = told(*"aaaaaaaabb"), told(*"aaaaabbbab")

    row = judging.paired(right, own, other)

    assert (row["candidate"], row["active"], row["gained"], row["lost"]) == (0.8, 0.6, 3, 1)
    assert row["p"] == 0.625
    assert row["error"] == pytest.approx(((4 - 10 * 0.04) ** 0.5) / 10, abs=1e-4)


def test_nobody_judges_nothing():
    assert judging.figures(np.array([]), told(), {})["ece"] == 1.0
