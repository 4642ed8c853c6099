"""Jobs of vision."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from core.jobs import BROKE, enqueue, job

LEARNING_BROKE = gettext_noop(
    "Learning broke off for a reason that nobody foresaw. Photos are read as before. Train again; if it breaks off "
    "once more, ask the operator to open the job, which keeps the technical details."
)


@shared_task(name="vision.tasks.keep_looking")
def keep_looking() -> None:
    """Ask for a look at new pictures, wherever they came from. Safe to run at any time, also twice at once."""
    from vision import colour_tags, pipelines

    if pipelines.unlooked().exists():
        enqueue("vision.tasks.look", dedupe_key="vision.look")
    elif colour_tags.unread():
        enqueue("vision.tasks.tag_colours", dedupe_key="vision.colours")


@job(kind="vision.look", queue="bulk", title=_("Look at new photos"), if_broken=BROKE)
def look() -> dict[str, Any]:
    """Quality, colours and duplicates of pictures that are new or were changed. Safe to run twice."""
    from vision import asking, pipelines, tagging

    done = pipelines.look()
    if done.pictures:
        enqueue("vision.tasks.tag_colours", dedupe_key="vision.colours")
        if tagging.is_behind():
            enqueue(asking.READ, dedupe_key=asking.READ_KEY)
    return done.__dict__


@job(kind="vision.colours", queue="bulk", title=_("Tag products with the colours of their photos"), if_broken=BROKE)
def tag_colours() -> dict[str, Any]:
    """Colours of products with newly looked at photos: sure ones become tags, others wait. Safe to run twice."""
    from vision import colour_tags

    return colour_tags.write().__dict__


@shared_task(name="vision.tasks.keep_reading")
def keep_reading() -> None:
    """Ask for readings when the live model has not read some photo as it is now, whatever the reason: a new photo, a
    new version, a roll-back. Safe to run at any time, also twice at once."""
    from vision import asking, tagging

    if tagging.is_behind():
        enqueue(asking.READ, dedupe_key=asking.READ_KEY)


@job(kind="vision.read", queue="bulk", title=_("Read photos with the live model"), if_broken=BROKE)
def read() -> dict[str, Any]:
    """Read what the live version has not read. Safe to run at any time and to end at any line: the next run goes on."""
    from vision import tagging

    return tagging.read()


@shared_task(name="vision.tasks.keep_learning")
def keep_learning() -> None:
    """Ask for a training when one is due. Safe to run at any time."""
    from vision import asking, learning

    if learning.is_due():
        enqueue(asking.TRAIN, dedupe_key=asking.TRAIN_KEY)


@job(kind="vision.train", queue="deep", title=_("Learn from photos"), if_broken=LEARNING_BROKE)
def train(first: bool = False) -> dict[str, Any]:
    """Learn, judge, publish, have everything read by what serves then. After a kill it goes on where it was; run again
    after it has published, it only says so. `first`: with the small budget of a new shop."""
    from vision import learning

    return learning.learn(is_first=first)


@shared_task(name="vision.tasks.keep_vectors")
def keep_vectors() -> None:
    """Ask for a new matrix when vectors changed or its files are damaged. Safe to run at any time, also twice."""
    from vision import embedding, laying

    if embedding.mend() or laying.is_due():
        enqueue("vision.tasks.lay_out", dedupe_key="vision.vectors")


@job(kind="vision.vectors", queue="bulk", title=_("Lay out what photos look like"), if_broken=BROKE)
def lay_out() -> dict[str, Any]:
    """Let the vectors of the table serve. Safe to run twice."""
    from vision import laying

    return laying.lay_out()
