"""Jobs of reviews."""

from typing import Any

from celery import shared_task
from django.utils.translation import gettext_lazy as _

from core.jobs import BROKE, enqueue, job


@shared_task(name="reviews.tasks.keep_read")
def keep_read() -> None:
    """Ask for a reading when some review waits, however it came. Safe to run at any time, also twice at once."""
    from reviews import reading

    if reading.is_behind():
        enqueue("reviews.tasks.read_reviews", dedupe_key="reviews.read")


@job(kind="reviews.read", queue="bulk", title=_("Read reviews"), if_broken=BROKE)
def read_reviews() -> dict[str, Any]:
    """Read what waits. Safe to run at any time and to end at any line: the next run goes on."""
    from reviews import first, reading

    done = reading.read_unread()
    first.ask_for_words()
    first.ask_for_sample()
    return done


@shared_task(name="reviews.tasks.keep_learning")
def keep_learning() -> None:
    """Ask for trainings that are due, and for aspects to be read by what serves. Safe to run at any time."""
    from reviews import aspect_learning, learning

    if learning.is_due():
        enqueue(learning.TASK, dedupe_key="reviews.train")
    if aspect_learning.is_due():
        enqueue(aspect_learning.TASK, dedupe_key=aspect_learning.KEY)
    if aspect_learning.is_behind():
        enqueue("reviews.tasks.read_aspects", dedupe_key="reviews.aspects")


@job(kind="reviews.train", queue="train", title=_("Learn to read reviews"))
def train() -> dict[str, Any]:
    """Learn, judge, publish, read again. Safe to run twice: the second candidate only joins the versions. An engine
    that is a network learns in its own queue."""
    from reviews import learning

    if learning.is_deep():
        return {"job": enqueue(learning.DEEP_TASK, dedupe_key="reviews.train_deep").pk}
    return learning.learn()


@job(kind="reviews.train_deep", queue="deep", title=_("Learn to read reviews with a network"))
def train_deep() -> dict[str, Any]:
    """The same where TensorFlow is loaded."""
    from reviews import learning

    return learning.learn()


@job(kind="reviews.train_aspects", queue="train", title=_("Learn what is said of aspects"))
def train_aspects() -> dict[str, Any]:
    """Learn from corrections of aspects, judge, publish, read mentions again. Safe to run twice: the second candidate
    only joins the versions."""
    from reviews import aspect_learning

    return aspect_learning.learn()


@job(kind="reviews.sample", queue="light", title=_("Draw reviews to check the readings"))
def draw_sample() -> dict[str, Any]:
    """Draw the sample of last week and close those before. Safe to run twice: a week has one sample."""
    from reviews.quality import sampling

    return sampling.draw_last_week()


@job(kind="reviews.aspects", queue="bulk", title=_("Read aspects again"), if_broken=BROKE)
def read_aspects() -> dict[str, Any]:
    """Bring what reviews name up to the dictionary as it is now. Safe to run at any time and to end at any line: only
    reviews that name something else than is written are read."""
    from reviews import aspect_updating

    return aspect_updating.update()


@job(kind="reviews.intents", queue="train", title=_("Train intents"))
def train_intents() -> dict[str, Any]:
    """Learn what people want from the examples, judge, publish. Safe to run twice: the second joins the versions."""
    from reviews.answers import training

    return training.train()


@shared_task(name="reviews.tasks.keep_answers_fresh")
def keep_answers_fresh() -> None:
    """New versions of articles that name what the shop profile says otherwise by now, and a training where examples or
    articles changed. Safe to run at any time, also twice at once."""
    from reviews.answers import articles, training

    if articles.are_old():
        articles.refresh()
    training.retrain_if_changed()


@job(kind="reviews.terms", queue="bulk", title=_("Look for new terms of aspects"), if_broken=BROKE)
def find_terms() -> dict[str, Any]:
    """Offer words that customers use and the dictionary does not know. Safe to run twice: suggestions are renewed, what
    staff decided stays."""
    from reviews import term_discovery

    return term_discovery.find()


@job(kind="reviews.topics", queue="train", title=_("Find topics of reviews"))
def find_topics() -> dict[str, Any]:
    """Learn, judge, publish, give every review its topic, count. Safe to run twice: topics keep their names."""
    from reviews.trends import finding, work

    return {**finding.find(), **work.count(give=False)}


@job(kind="reviews.trends", queue="bulk", title=_("Compare the reviews of this week"), if_broken=BROKE)
def count_trends() -> dict[str, Any]:
    """Give new reviews their topics, compare the last seven days with the weeks before, tell surges. Safe to run at any
    time."""
    from reviews.trends import work

    return work.count()


@job(kind="reviews.follow_up", queue="light", title=_("List unhappy customers"))
def follow_up() -> dict[str, Any]:
    """Put unhappy customers on the list, each review once. Safe to run at any time."""
    from reviews.trends import following

    return dict(following.follow())


@shared_task(name="reviews.tasks.keep_suspicion_fresh")
def keep_suspicion_fresh() -> None:
    """Ask for scores when a review has none, however it came. Safe to run at any time, also twice at once."""
    from reviews import suspicion

    if suspicion.is_behind():
        enqueue("reviews.tasks.score_suspicion", dedupe_key="reviews.suspicion")


@job(kind="reviews.suspicion", queue="bulk", title=_("Look for suspicious reviews"), if_broken=BROKE)
def score_suspicion() -> dict[str, Any]:
    """Score reviews without a score. Safe to run at any time and to end at any line."""
    from reviews import suspicion

    return suspicion.score_new()


@job(kind="reviews.suspicion.recent", queue="bulk", title=_("Look for suspicious reviews of the last weeks"))
def score_recent_suspicion() -> dict[str, Any]:
    """Score the last two weeks again: copies and bursts show later. Safe to run twice."""
    from reviews import suspicion

    return suspicion.score_recent()


@shared_task(name="reviews.tasks.keep_summaries_fresh")
def keep_summaries_fresh() -> None:
    """Ask for summaries that nobody has made yet. Safe to run at any time, also twice at once."""
    from reviews.models import ReviewSummary

    if ReviewSummary.objects.filter(changed_at__isnull=False).exists():
        enqueue("reviews.tasks.make_summaries", dedupe_key="reviews.summaries")


@job(kind="reviews.summaries", queue="bulk", title=_("Sum up reviews"), if_broken=BROKE)
def make_summaries() -> dict[str, Any]:
    """Make every summary whose reviews changed. Safe to run at any time and to end at any line."""
    from reviews import summarising

    return summarising.make_all()
