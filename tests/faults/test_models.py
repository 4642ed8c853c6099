"""Models that come, go and break while shoppers read."""

import pytest

from tests.faults.harness import Load, Shop, storefront, until
from tests.faults.harness.load import statuses
from tests.recommender.damage import flipped


@pytest.mark.serial
def test_damage_and_switches_under_load_are_no_error(shop: Shop):
    """Versions come and go, files are broken, the web process starts afresh: nobody sees an error or half a model."""
    publish = """
from core.models import ModelVersion
from tests.recommender.damage import publish_again
for _round in range(2):
    version = publish_again(ModelVersion.objects.get(state="active"))
print(version.folder)
"""
    with Load(shop, storefront(shop)) as load:
        folder = shop.run(publish).splitlines()[-1]
        load.run_for(1.2)
        version = shop.ask("SELECT number FROM core_modelversion WHERE state = 'active'")[0][0]
        caller = shop.caller()
        until(lambda: caller.ask("/recommendations").json()["model_version"] == f"recommender.v{version}", seconds=5)
        flipped(shop.var / "models" / folder)
        load.run_for(1.2)
    assert statuses(load.answers) == {200: len(load.answers)}
    seen = {answer.json()["model_version"] for answer in load.answers if "/recommendations" in answer.path}
    assert {"recommender.v1", f"recommender.v{version}"} <= seen

    shop.part("web").kill()
    shop.start("web")
    answer = shop.caller().ask("/recommendations")
    assert (answer.status, answer.json()["model_version"]) == (200, f"recommender.v{version - 1}")
