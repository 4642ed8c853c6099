import re
import sys
from pathlib import Path

import numpy as np
import pytest

from core import model_registry as registry
from core.exceptions import DomainError
from core.models import ModelVersion

KIND = registry.ModelKind(name="probe", schema_version=1, primary_metric="score", keep_versions=2)


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    registry.forget_loaded()
    yield
    registry.forget_loaded()


def publish(score: float, value: int = 1, **options):
    return registry.publish_if_better(
        KIND, {"weights": np.full(4, value)}, meta={"strategy": "probe"}, report={"metrics": {"score": score}},
        trained_until=None, margin=0.01, **options,
    )  # fmt: skip


def serving():
    slot = registry._slots.get(KIND.name)
    if slot:
        slot.checked_at = 0.0
    return registry.active(KIND)


@pytest.mark.django_db
def test_the_first_version_serves_and_its_arrays_come_back_as_written():
    version = publish(0.5, value=7)

    model = serving()
    assert version.is_active
    assert model.name == "probe.v1"
    assert model.arrays["weights"].tolist() == [7, 7, 7, 7]
    assert model.meta == {"strategy": "probe"}


@pytest.mark.django_db
def test_a_candidate_within_the_margin_takes_over_and_a_worse_one_is_refused():
    first = publish(0.50)
    second = publish(0.495)
    third = publish(0.40)

    first.refresh_from_db()
    assert (first.state, second.state, third.state) == ("retired", "active", "refused")
    assert third.gate["passed"] is False
    assert third.gate["active_version"] == "probe.v2"
    assert serving().name == "probe.v2"


@pytest.mark.django_db
def test_the_gate_compares_on_the_same_data_when_told():
    publish(0.90)
    second = publish(0.50, gate_scores=(0.50, 0.45))

    assert second.is_active


@pytest.mark.django_db
def test_rolling_back_lets_the_previous_version_serve_again():
    publish(0.5, value=1)
    publish(0.6, value=2)

    registry.roll_back("probe", by=None)

    assert serving().arrays["weights"][0] == 1
    assert ModelVersion.objects.active().get().name == "probe.v1"


@pytest.mark.django_db
def test_rolling_back_without_an_earlier_version_is_refused():
    publish(0.5)

    with pytest.raises(DomainError):
        registry.roll_back("probe", by=None)

    assert ModelVersion.objects.active().get().name == "probe.v1"


@pytest.mark.django_db
@pytest.mark.parametrize("damage", ["flip", "truncate", "remove", "manifest"])
def test_a_damaged_version_leaves_the_one_in_memory_serving(tmp_path, damage):
    publish(0.5, value=1)
    assert serving().name == "probe.v1"
    second = publish(0.6, value=2)
    path = tmp_path / second.folder / ("manifest.json" if damage == "manifest" else "weights.npy")
    raw = bytearray(path.read_bytes())
    if damage == "remove":
        path.unlink()
    elif damage == "truncate":
        path.write_bytes(raw[:-3])
    else:
        raw[-1] ^= 1
        path.write_bytes(raw)

    assert serving().name == "probe.v1"
    assert "probe.v2" in registry.load_error(KIND)


@pytest.mark.django_db
def test_a_damaged_version_cannot_be_activated(tmp_path):
    first = publish(0.5)
    publish(0.6)
    (tmp_path / first.folder / "weights.npy").unlink()

    with pytest.raises(registry.DamagedModel):
        registry.roll_back("probe", by=None)

    assert ModelVersion.objects.active().get().name == "probe.v2"


@pytest.mark.django_db
def test_a_version_of_another_format_is_not_loaded():
    publish(0.5)
    other = registry.ModelKind(name="probe", schema_version=2, primary_metric="score")

    assert registry.active(other) is None
    assert "format 2" in registry.load_error(other)


@pytest.mark.django_db
def test_a_failed_write_leaves_no_folder_and_no_row(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DomainError, match="The disk is full"):
        publish(0.5)

    assert list((tmp_path / "probe").iterdir()) == []
    assert not ModelVersion.objects.exists()


def added_up(model):
    return sum(float(array.sum()) for array in model.arrays.values())


def mapped_kilobytes(folder: Path) -> int:
    """Of files in this folder, as far as this process holds their pages."""
    parts = re.split(r"\n(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text("utf-8"))
    own = [part for part in parts if str(folder) in part.split("\n", 1)[0]]
    return sum(int(re.search(r"^Rss: +(\d+) kB", part, re.MULTILINE)[1]) for part in own)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc tells what is mapped")
@pytest.mark.django_db
def test_what_was_read_to_check_a_model_is_given_back_until_it_is_asked_for(tmp_path):
    numbers = np.arange(1_000_000, dtype=np.float64)
    version = registry.publish_if_better(
        KIND, {"weights": numbers}, meta={}, report={"metrics": {"score": 0.5}}, trained_until=None, margin=0.01
    )
    kind = registry.ModelKind(KIND.name, 1, "score", builder="tests.core.test_model_registry.added_up")

    model = registry.load_for_serving(version, kind)

    assert model.built(added_up) == numbers.sum()
    assert mapped_kilobytes(tmp_path) < 100
    assert model.arrays["weights"][-1] == numbers[-1]
    assert float(model.arrays["weights"].sum()) == numbers.sum()
    assert mapped_kilobytes(tmp_path) > 7_000


@pytest.mark.django_db
def test_only_the_files_of_the_last_versions_are_kept(tmp_path):
    for score in (0.1, 0.2, 0.3, 0.4, 0.5):
        publish(score)

    assert len(list((tmp_path / "probe").iterdir())) == 3
    assert ModelVersion.objects.exclude(folder="").count() == 3
