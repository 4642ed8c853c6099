"""Jobs of vision."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core.jobs import enqueue, job


@shared_task(name="vision.tasks.keep_looking")
def keep_looking() -> None:
    """Ask for a look at new pictures, wherever they came from. Safe to run at any time, also twice at once."""
    from vision import colour_tags, pipelines

    if pipelines.unlooked().exists():
        enqueue("vision.tasks.look", dedupe_key="vision.look")
    elif colour_tags.unread():
        enqueue("vision.tasks.tag_colours", dedupe_key="vision.colours")


@job(kind="vision.look", queue="bulk", title=_("Look at new photos"))
def look() -> dict[str, Any]:
    """Quality, colours and duplicates of pictures that are new or were changed. Safe to run twice."""
    from vision import pipelines

    looked = pipelines.look()
    if looked.pictures:
        enqueue("vision.tasks.tag_colours", dedupe_key="vision.colours")
    return looked.__dict__


@job(kind="vision.colours", queue="bulk", title=_("Tag products with the colours of their photos"))
def tag_colours() -> dict[str, Any]:
    """Colours of products with newly looked at photos: sure ones become tags, others wait. Safe to run twice."""
    from vision import colour_tags

    return colour_tags.write().__dict__


@shared_task(name="vision.tasks.keep_vectors")
def keep_vectors() -> None:
    """Ask for a new matrix when vectors changed or its files are damaged. Safe to run at any time, also twice."""
    from vision import embedding, laying

    if embedding.mend() or laying.is_due():
        enqueue("vision.tasks.lay_out", dedupe_key="vision.vectors")


@job(kind="vision.vectors", queue="bulk", title=_("Lay out what photos look like"))
def lay_out() -> dict[str, Any]:
    """Let the vectors of the table serve. Safe to run twice."""
    from vision import laying

    return laying.lay_out()
