"""Topics from reviews in tables: names that last, reviews that get their topic, what is refused."""

from datetime import UTC, datetime

import pytest

from core.jobs import run_now
from core.models import Job, ModelVersion
from reviews.models import Review, ReviewTopic, Topic, TopicWeek
from reviews.trends import finding, work
from reviews.trends.finding import NothingFound
from tests.reviews.ml.test_topics import PLANTED, documents
from tests.reviews.trends.world import World

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 18, 9, 0, tzinfo=UTC)


@pytest.fixture
def world(settings, tmp_path):
    settings.MODEL_ROOT = tmp_path
    world = World(NOW)
    world.write = lambda texts: [world.add(days=1, text=" ".join(text))[0] for text in texts]
    return world


def test_topics_are_found_given_and_counted(world):
    world.write(documents(150, planted=PLANTED[:3], noise=0)[0])

    told = {**finding.find(now=NOW), **work.count(give=False, now=NOW)}

    assert told["passed"] is True
    topics = list(Topic.objects.filter(archived_at=None))
    assert len(topics) == told["topics"] >= 3
    assert {topic.language for topic in topics} == {"en"}
    assert ReviewTopic.objects.count() == 150
    assert sum(topic.reviews for topic in topics) == ReviewTopic.objects.exclude(topic=None).count() > 140
    assert TopicWeek.objects.filter(of=150).count() == len(topics)
    for topic in topics:
        shown = list(ReviewTopic.objects.filter(topic=topic, exemplar__isnull=False).order_by("exemplar"))
        assert [row.exemplar for row in shown] == list(range(1, len(shown) + 1))
        assert 1 <= len(shown) <= 3
    version = ModelVersion.objects.of("review_topics").active().get()
    assert {topic.model_version for topic in topics} == {version}


def test_a_topic_that_is_found_again_keeps_its_row_and_name(world):
    world.write(documents(150, planted=PLANTED[:3], noise=0)[0])
    finding.find(now=NOW)
    before = {topic.words[0][0][:4]: topic.pk for topic in Topic.objects.all()}
    Topic.objects.filter(pk=before["parc"]).update(name="Delivery")

    world.write(documents(90, planted=PLANTED[:3], noise=0, seed=9)[0])
    finding.find(now=NOW)

    again = Topic.objects.get(name="Delivery")
    assert again.pk == before["parc"]
    assert (again.archived_at, again.words[0][0][:4]) == (None, "parc")


def test_new_reviews_get_a_topic_of_the_version_that_serves(world):
    world.write(documents(120, planted=PLANTED[:3], noise=0)[0])
    finding.find(now=NOW)
    (new,) = world.write([PLANTED[1][:5]])
    (strange,) = world.write([["never", "seen", "before"]])

    assert finding.give_topics() == 2
    assert finding.give_topics() == 0

    assert ReviewTopic.objects.get(review=new).topic.words[0][0].startswith("parc")
    assert ReviewTopic.objects.get(review=strange).topic is None


def test_too_few_reviews_are_refused_with_the_reason(world):
    world.write(documents(20)[0])

    with pytest.raises(NothingFound, match="Too few reviews: 20"):
        finding.find(now=NOW)

    assert not Topic.objects.exists()
    assert finding.give_topics() == 0


def test_rejected_reviews_teach_nothing(world):
    world.write(documents(100)[0])
    Review.objects.update(status=Review.Status.REJECTED, reason=Review.Reason.OTHER)

    with pytest.raises(NothingFound):
        finding.find(now=NOW)


def test_the_job_says_why_there_are_no_topics(world):
    with pytest.raises(NothingFound):
        run_now("reviews.tasks.find_topics")

    assert Job.objects.get().state != Job.State.DONE
