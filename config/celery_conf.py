"""How messages travel and what runs on schedule. Read when Celery first needs it, after the settings."""

from typing import Any

from celery.schedules import crontab
from django.conf import settings

from core.queues import FIRST, SEPARATOR, USUAL

broker_connection_retry_on_startup = True
broker_transport_options = {
    "visibility_timeout": settings.JOB_VISIBILITY_SECONDS,
    # A list per step in Redis, read in this order: what lost its worker goes ahead of what waits (core.queues).
    "priority_steps": [FIRST, USUAL],
    "sep": SEPARATOR,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
}
task_acks_late = True
task_reject_on_worker_lost = True
task_serializer = "json"
accept_content = ["json"]
task_ignore_result = True
result_expires = None
task_default_queue = "light"
task_create_missing_queues = True
# For messages that name none: jobs carry the limits of their queue (core.jobs.limits).
task_soft_time_limit = min(settings.JOB_LIMIT_SECONDS.values())
task_time_limit = task_soft_time_limit + settings.JOB_HARD_EXTRA_SECONDS
worker_prefetch_multiplier = 1
worker_max_tasks_per_child = 200
worker_max_memory_per_child = 900_000
worker_hijack_root_logger = False
worker_soft_shutdown_timeout = settings.JOB_SHUTDOWN_SECONDS
worker_send_task_events = False
beat_scheduler = "core.scheduler:Scheduler"
beat_max_loop_interval = 10
# A run is noted when it happens, so that a scheduler that is killed does not repeat it.
beat_sync_every = 1
timezone = "UTC"


def job(name: str, *, queue: str = "light", expires: float | None = None, **at: str) -> dict[str, Any]:
    """A line that queues a job. `at`: hour, minute and day_of_week as cron writes them; without any, every minute. What
    nobody took for `expires` seconds is dropped; the next message does its work."""
    return _line("core.tasks.start_job", crontab(**at), queue, expires) | {"args": [name]}


def task(name: str, every: float | crontab, *, expires: float) -> dict[str, Any]:
    """A line that runs a short task itself, without a row in the list of jobs. `every`: seconds, or as cron writes."""
    return _line(name, every, "light", expires)


def _line(name: str, schedule: float | crontab, queue: str, expires: float | None) -> dict[str, Any]:
    options: dict[str, Any] = {"queue": queue}
    if expires is not None:
        options["expires"] = expires
    return {"task": name, "schedule": schedule, "options": options}


# Hours are those of the shop (core.scheduler).
beat_schedule = {
    "check for trouble": task("core.tasks.check_for_trouble", 60.0, expires=50),
    "forget old alerts": job("core.tasks.forget_old_alerts", hour="3", minute="20"),
    "remove old jobs": job("core.tasks.tidy_jobs", hour="3", minute="50"),
    "forget old bulk changes": job("catalog.tasks.tidy_bulk_changes", hour="3", minute="40"),
    "forget old mail": job("core.tasks.forget_mail", hour="3", minute="20"),
    "forget old sessions": job("core.tasks.tidy_sign_in", hour="3", minute="30"),
    "verify the ledger": job("core.tasks.verify_ledger", hour="4", minute="20"),
    "forget old idempotency keys": job("core.tasks.forget_idempotency_keys", minute="20"),
    "deliver webhooks": task(
        "core.tasks.deliver_webhooks", settings.WEBHOOK_SECONDS, expires=settings.WEBHOOK_SECONDS * 3
    ),
    "remove old exports": job("core.tasks.tidy_exports", hour="0", minute="30"),
    "store exposures": task("core.tasks.store_exposures", 5.0, expires=15),
    "count experiments": job("core.tasks.look_at_experiments", minute="35"),
    "tidy webhooks": job("core.tasks.tidy_webhooks", hour="0", minute="50"),
    "remove unfinished models": job("core.tasks.tidy_models", hour="3", minute="40"),
    "keep search fresh": task(
        "catalog.tasks.keep_search_fresh", settings.SEARCH_SECONDS, expires=settings.SEARCH_SECONDS * 3
    ),
    "keep histories": task("catalog.tasks.keep_histories", 30.0, expires=60.0),
    "count words for search": job("catalog.tasks.tidy_search", minute="35"),
    "prepare months of events": job("catalog.tasks.prepare_partitions", hour="1", minute="10"),
    "close settled orders": job("catalog.tasks.close_orders", hour="1", minute="40"),
    "forget uploaded files": job("catalog.tasks.tidy_uploads", hour="0", minute="50"),
    "tidy data requests": job("core.tasks.tidy_data_requests", hour="0", minute="40"),
    "keep figures fresh": task(
        "analytics.tasks.keep_facts_fresh", settings.FACTS_SECONDS, expires=settings.FACTS_SECONDS * 3
    ),
    "write reports by mail": job("analytics.tasks.write_reports", minute="12"),
    "end campaigns that are over": job("marketing.tasks.keep_campaigns", minute="*/5", expires=240),
    "let go of codes that ran out": job("marketing.tasks.keep_offers", minute="27", expires=1800),
    "count visits": job("analytics.tasks.count_visits", minute="2-59/5"),
    "compare figures with a full count": job("analytics.tasks.check_facts", hour="1", minute="20"),
    "score customers by recency, frequency and money": job("analytics.tasks.score_rfm", hour="1", minute="30"),
    "look at the data": job("analytics.tasks.look_at_data", hour="1", minute="50"),
    "count what recommendations bring": job("recommender.tasks.count_credit", minute="*/5"),
    "look at new photos": task("vision.tasks.keep_looking", 60, expires=120),
    "keep what photos look like at hand": task("vision.tasks.keep_vectors", 60, expires=120),
    "fetch pictures": task("catalog.tasks.keep_bringing_pictures", 60, expires=120),
    "read photos with the live model": task("vision.tasks.keep_reading", 60, expires=120),
    "learn from photos": task("vision.tasks.keep_learning", crontab(minute="35"), expires=600),
    "forget removed photos": job("catalog.tasks.forget_removed_pictures", hour="3", minute="50"),
    "follow up merges of customers": job("catalog.tasks.follow_merges", minute="26"),
    "look for customers that stand twice": job("crm.tasks.find_duplicates", hour="4", minute="20", queue="bulk"),
    "move points that are due": job("crm.tasks.move_due_points", minute="8"),
    "look after chats": job("crm.tasks.look_after_chats", expires=50),
    "propose articles": job("crm.tasks.propose_articles", hour="4", minute="25"),
    "look for service groups": job(
        "crm.tasks.find_service_groups", hour="4", minute="50", day_of_week="1", queue="bulk"
    ),
    "run care programmes": job("crm.tasks.start_care", minute="12", expires=3000),
    "give birthday points and look at levels": job("crm.tasks.start_loyalty_day", hour="0", minute="15"),
    "recount points": job("crm.tasks.recount_points", hour="2", minute="40"),
    "close tickets resolved long ago": job("crm.tasks.close_resolved_tickets", minute="41", expires=600),
    "ask how questions were answered": job("crm.tasks.ask_for_ratings", minute="23", expires=1800),
    "keep popular products fresh": task(
        "recommender.tasks.keep_lists_fresh", settings.LISTS_SECONDS, expires=settings.LISTS_SECONDS * 3
    ),
    "count popular products": job("recommender.tasks.count_lists", hour="2", minute="10"),
    "write recommendations for e-mail": job("recommender.tasks.write_mail_lists", hour="4", minute="40"),
    "evaluate the live recommender": job("recommender.tasks.evaluate_served", hour="2", minute="0"),
    "watch recommendations": job("recommender.tasks.watch", hour="4", minute="40"),
    "score customers": job("analytics.tasks.score_customers", hour="3", minute="10"),
    "learn whom campaigns moved": job("marketing.uplift.tasks.look_for_ended", hour="4", minute="50"),
    "count what campaigns brought": job("marketing.tasks.count_effects", hour="5", minute="5"),
    "forecast sales": job("analytics.tasks.forecast", hour="1", minute="20"),
    "train recommendations": job("recommender.tasks.train", hour="2", minute="30"),
    "keep answers fresh": task("reviews.tasks.keep_answers_fresh", 60.0, expires=50),
    "count segments": job("analytics.tasks.count_segments", hour="5", minute="10"),
    "read reviews": task("reviews.tasks.keep_read", 60.0, expires=50),
    "learn from reviews": task("reviews.tasks.keep_learning", crontab(minute="25"), expires=600),
    "look for new terms of aspects": job("reviews.tasks.find_terms", hour="4", minute="45", day_of_week="1"),
    "read aspects with the dictionary as it is": job(
        "reviews.tasks.read_aspects", hour="5", minute="5", day_of_week="1"
    ),
    "draw reviews to check the readings": job("reviews.tasks.draw_sample", hour="3", minute="35", day_of_week="1"),
    "find topics of reviews": job("reviews.tasks.find_topics", hour="4", minute="40"),
    "compare the reviews of the week": job("reviews.tasks.count_trends", hour="2", minute="25"),
    "list unhappy customers": job("reviews.tasks.follow_up", minute="45"),
    "score new reviews for suspicion": task("reviews.tasks.keep_suspicion_fresh", 60.0, expires=50),
    "sum up reviews": task("reviews.tasks.keep_summaries_fresh", 60.0, expires=50),
    "look for suspicious reviews": job("reviews.tasks.score_recent_suspicion", hour="4", minute="10"),
    "send messages": job("marketing.tasks.send_messages", expires=50),
    "look for occasions": job("marketing.tasks.find_occasions", minute="*/3", expires=170),
    "look after messages": job("marketing.tasks.look_after_messages", minute="*/5", expires=250),
    "find clusters of customers": job("analytics.tasks.train_clusters", hour="5", minute="30", day_of_week="1"),
}
if settings.BACKUP_NIGHTLY:
    beat_schedule["make a backup"] = job("core.tasks.back_up", hour="2", minute="5")
if settings.INBOX_IMAP_URL:
    beat_schedule["fetch mail for the inbox"] = job("crm.tasks.fetch_mail", expires=50)
