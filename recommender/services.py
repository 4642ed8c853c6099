"""What staff and commands can ask the recommender to do."""

from core.jobs import enqueue, run_now
from core.models import Job, ModelVersion, StaffUser
from recommender.choices import RECOMMENDER


def request_training(*, by: StaffUser | None = None) -> Job:
    """Queue a training run; while one waits or runs, that one is returned."""
    return enqueue("recommender.tasks.train", dedupe_key="recommender.train", created_by=by)


def train_first() -> None:
    """Train once, in this process, when the installation has no recommender yet and somebody did something."""
    from catalog.models import Interaction

    if ModelVersion.objects.of(RECOMMENDER.name).active().exists() or not Interaction.objects.exists():
        return
    run_now("recommender.tasks.train")
