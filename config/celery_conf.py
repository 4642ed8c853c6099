"""How messages travel and what runs on schedule. Read when Celery first needs it, after the settings."""

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
# Hours are those of the shop (core.scheduler).
beat_schedule = {
    "check for trouble": {
        "task": "core.tasks.check_for_trouble",
        "schedule": 60.0,
        "options": {"queue": "light", "expires": 50},
    },
    "forget old alerts": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="20"),
        "args": ["core.tasks.forget_old_alerts"],
        "options": {"queue": "light"},
    },
    "remove old jobs": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="50"),
        "args": ["core.tasks.tidy_jobs"],
        "options": {"queue": "light"},
    },
    "forget old bulk changes": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="40"),
        "args": ["catalog.tasks.tidy_bulk_changes"],
        "options": {"queue": "light"},
    },
    "forget old mail": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="20"),
        "args": ["core.tasks.forget_mail"],
        "options": {"queue": "light"},
    },
    "forget old sessions": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="30"),
        "args": ["core.tasks.tidy_sign_in"],
        "options": {"queue": "light"},
    },
    "verify the ledger": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="20"),
        "args": ["core.tasks.verify_ledger"],
        "options": {"queue": "light"},
    },
    "forget old idempotency keys": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="20"),
        "args": ["core.tasks.forget_idempotency_keys"],
        "options": {"queue": "light"},
    },
    "deliver webhooks": {
        "task": "core.tasks.deliver_webhooks",
        "schedule": settings.WEBHOOK_SECONDS,
        "options": {"queue": "light", "expires": settings.WEBHOOK_SECONDS * 3},
    },
    "remove old exports": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="30"),
        "args": ["core.tasks.tidy_exports"],
        "options": {"queue": "light"},
    },
    "store exposures": {
        "task": "core.tasks.store_exposures",
        "schedule": 5.0,
        "options": {"queue": "light", "expires": 15},
    },
    "count experiments": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="35"),
        "args": ["core.tasks.look_at_experiments"],
        "options": {"queue": "light"},
    },
    "tidy webhooks": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="50"),
        "args": ["core.tasks.tidy_webhooks"],
        "options": {"queue": "light"},
    },
    "remove unfinished models": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="40"),
        "args": ["core.tasks.tidy_models"],
        "options": {"queue": "light"},
    },
    "keep search fresh": {
        "task": "catalog.tasks.keep_search_fresh",
        "schedule": settings.SEARCH_SECONDS,
        "options": {"queue": "light", "expires": settings.SEARCH_SECONDS * 3},
    },
    "keep histories": {
        "task": "catalog.tasks.keep_histories",
        "schedule": 30.0,
        "options": {"queue": "light", "expires": 60.0},
    },
    "count words for search": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="35"),
        "args": ["catalog.tasks.tidy_search"],
        "options": {"queue": "light"},
    },
    "prepare months of events": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="10"),
        "args": ["catalog.tasks.prepare_partitions"],
        "options": {"queue": "light"},
    },
    "close settled orders": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="40"),
        "args": ["catalog.tasks.close_orders"],
        "options": {"queue": "light"},
    },
    "forget uploaded files": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="50"),
        "args": ["catalog.tasks.tidy_uploads"],
        "options": {"queue": "light"},
    },
    "tidy data requests": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="40"),
        "args": ["core.tasks.tidy_data_requests"],
        "options": {"queue": "light"},
    },
    "keep figures fresh": {
        "task": "analytics.tasks.keep_facts_fresh",
        "schedule": settings.FACTS_SECONDS,
        "options": {"queue": "light", "expires": settings.FACTS_SECONDS * 3},
    },
    "write reports by mail": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="12"),
        "args": ["analytics.tasks.write_reports"],
        "options": {"queue": "light"},
    },
    "end campaigns that are over": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="*/5"),
        "args": ["marketing.tasks.keep_campaigns"],
        "options": {"queue": "light", "expires": 240},
    },
    "let go of codes that ran out": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="27"),
        "args": ["marketing.tasks.keep_offers"],
        "options": {"queue": "light", "expires": 1800},
    },
    "count visits": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="2-59/5"),
        "args": ["analytics.tasks.count_visits"],
        "options": {"queue": "light"},
    },
    "compare figures with a full count": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="20"),
        "args": ["analytics.tasks.check_facts"],
        "options": {"queue": "light"},
    },
    "score customers by recency, frequency and money": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="30"),
        "args": ["analytics.tasks.score_rfm"],
        "options": {"queue": "light"},
    },
    "look at the data": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="50"),
        "args": ["analytics.tasks.look_at_data"],
        "options": {"queue": "light"},
    },
    "count what recommendations bring": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="*/5"),
        "args": ["recommender.tasks.count_credit"],
        "options": {"queue": "light"},
    },
    "look at new photos": {
        "task": "vision.tasks.keep_looking",
        "schedule": 60,
        "options": {"queue": "light", "expires": 120},
    },
    "keep what photos look like at hand": {
        "task": "vision.tasks.keep_vectors",
        "schedule": 60,
        "options": {"queue": "light", "expires": 120},
    },
    "fetch pictures": {
        "task": "catalog.tasks.keep_bringing_pictures",
        "schedule": 60,
        "options": {"queue": "light", "expires": 120},
    },
    "read photos with the live model": {
        "task": "vision.tasks.keep_reading",
        "schedule": 60,
        "options": {"queue": "light", "expires": 120},
    },
    "learn from photos": {
        "task": "vision.tasks.keep_learning",
        "schedule": crontab(minute="35"),
        "options": {"queue": "light", "expires": 600},
    },
    "forget removed photos": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="50"),
        "args": ["catalog.tasks.forget_removed_pictures"],
        "options": {"queue": "light"},
    },
    "follow up merges of customers": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="26"),
        "args": ["catalog.tasks.follow_merges"],
        "options": {"queue": "light"},
    },
    "look for customers that stand twice": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="20"),
        "args": ["crm.tasks.find_duplicates"],
        "options": {"queue": "bulk"},
    },
    "move points that are due": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="8"),
        "args": ["crm.tasks.move_due_points"],
        "options": {"queue": "light"},
    },
    "look after chats": {
        "task": "core.tasks.start_job",
        "schedule": crontab(),
        "args": ["crm.tasks.look_after_chats"],
        "options": {"queue": "light", "expires": 50},
    },
    "propose articles": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="25"),
        "args": ["crm.tasks.propose_articles"],
        "options": {"queue": "light"},
    },
    "look for service groups": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="50", day_of_week="1"),
        "args": ["crm.tasks.find_service_groups"],
        "options": {"queue": "bulk"},
    },
    "run care programmes": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="12"),
        "args": ["crm.tasks.start_care"],
        "options": {"queue": "light", "expires": 3000},
    },
    "give birthday points and look at levels": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="15"),
        "args": ["crm.tasks.start_loyalty_day"],
        "options": {"queue": "light"},
    },
    "recount points": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="40"),
        "args": ["crm.tasks.recount_points"],
        "options": {"queue": "light"},
    },
    "close tickets resolved long ago": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="41"),
        "args": ["crm.tasks.close_resolved_tickets"],
        "options": {"queue": "light", "expires": 600},
    },
    "ask how questions were answered": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="23"),
        "args": ["crm.tasks.ask_for_ratings"],
        "options": {"queue": "light", "expires": 1800},
    },
    "keep popular products fresh": {
        "task": "recommender.tasks.keep_lists_fresh",
        "schedule": settings.LISTS_SECONDS,
        "options": {"queue": "light", "expires": settings.LISTS_SECONDS * 3},
    },
    "count popular products": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="10"),
        "args": ["recommender.tasks.count_lists"],
        "options": {"queue": "light"},
    },
    "write recommendations for e-mail": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="40"),
        "args": ["recommender.tasks.write_mail_lists"],
        "options": {"queue": "light"},
    },
    "evaluate the live recommender": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="0"),
        "args": ["recommender.tasks.evaluate_served"],
        "options": {"queue": "light"},
    },
    "watch recommendations": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="40"),
        "args": ["recommender.tasks.watch"],
        "options": {"queue": "light"},
    },
    "score customers": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="10"),
        "args": ["analytics.tasks.score_customers"],
        "options": {"queue": "light"},
    },
    "learn whom campaigns moved": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="50"),
        "args": ["marketing.uplift.tasks.look_for_ended"],
        "options": {"queue": "light"},
    },
    "count what campaigns brought": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="5", minute="5"),
        "args": ["marketing.tasks.count_effects"],
        "options": {"queue": "light"},
    },
    "forecast sales": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="20"),
        "args": ["analytics.tasks.forecast"],
        "options": {"queue": "light"},
    },
    "train recommendations": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="30"),
        "args": ["recommender.tasks.train"],
        "options": {"queue": "light"},
    },
    "keep answers fresh": {
        "task": "reviews.tasks.keep_answers_fresh",
        "schedule": 60.0,
        "options": {"queue": "light", "expires": 50},
    },
    "count segments": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="5", minute="10"),
        "args": ["analytics.tasks.count_segments"],
        "options": {"queue": "light"},
    },
    "read reviews": {
        "task": "reviews.tasks.keep_read",
        "schedule": 60.0,
        "options": {"queue": "light", "expires": 50},
    },
    "learn from reviews": {
        "task": "reviews.tasks.keep_learning",
        "schedule": crontab(minute="25"),
        "options": {"queue": "light", "expires": 600},
    },
    "look for new terms of aspects": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="45", day_of_week="1"),
        "args": ["reviews.tasks.find_terms"],
        "options": {"queue": "light"},
    },
    "read aspects with the dictionary as it is": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="5", minute="5", day_of_week="1"),
        "args": ["reviews.tasks.read_aspects"],
        "options": {"queue": "light"},
    },
    "draw reviews to check the readings": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="3", minute="35", day_of_week="1"),
        "args": ["reviews.tasks.draw_sample"],
        "options": {"queue": "light"},
    },
    "find topics of reviews": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="40"),
        "args": ["reviews.tasks.find_topics"],
        "options": {"queue": "light"},
    },
    "compare the reviews of the week": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="25"),
        "args": ["reviews.tasks.count_trends"],
        "options": {"queue": "light"},
    },
    "list unhappy customers": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="45"),
        "args": ["reviews.tasks.follow_up"],
        "options": {"queue": "light"},
    },
    "score new reviews for suspicion": {
        "task": "reviews.tasks.keep_suspicion_fresh",
        "schedule": 60.0,
        "options": {"queue": "light", "expires": 50},
    },
    "sum up reviews": {
        "task": "reviews.tasks.keep_summaries_fresh",
        "schedule": 60.0,
        "options": {"queue": "light", "expires": 50},
    },
    "look for suspicious reviews": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="4", minute="10"),
        "args": ["reviews.tasks.score_recent_suspicion"],
        "options": {"queue": "light"},
    },
    "find clusters of customers": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="5", minute="30", day_of_week="1"),
        "args": ["analytics.tasks.train_clusters"],
        "options": {"queue": "light"},
    },
}
if settings.BACKUP_NIGHTLY:
    beat_schedule["make a backup"] = {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="5"),
        "args": ["core.tasks.back_up"],
        "options": {"queue": "light"},
    }

beat_schedule["send messages"] = {
    "task": "core.tasks.start_job",
    "schedule": crontab(),
    "args": ["marketing.tasks.send_messages"],
    "options": {"queue": "light", "expires": 50},
}
beat_schedule["look for occasions"] = {
    "task": "core.tasks.start_job",
    "schedule": crontab(minute="*/3"),
    "args": ["marketing.tasks.find_occasions"],
    "options": {"queue": "light", "expires": 170},
}
beat_schedule["look after messages"] = {
    "task": "core.tasks.start_job",
    "schedule": crontab(minute="*/5"),
    "args": ["marketing.tasks.look_after_messages"],
    "options": {"queue": "light", "expires": 250},
}

if settings.INBOX_IMAP_URL:
    beat_schedule["fetch mail for the inbox"] = {
        "task": "core.tasks.start_job",
        "schedule": crontab(),
        "args": ["crm.tasks.fetch_mail"],
        "options": {"queue": "light", "expires": 50},
    }
