"""How messages travel and what runs on schedule. Read when Celery first needs it, after the settings."""

from celery.schedules import crontab
from django.conf import settings

broker_connection_retry_on_startup = True
broker_transport_options = {
    "visibility_timeout": 7200,
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
task_default_queue = "light"
task_create_missing_queues = True
task_soft_time_limit = 5400
task_time_limit = 6000
worker_prefetch_multiplier = 1
worker_max_tasks_per_child = 200
worker_max_memory_per_child = 900_000
worker_hijack_root_logger = False
worker_soft_shutdown_timeout = 20
worker_send_task_events = False
beat_scheduler = "django_celery_beat.schedulers:DatabaseScheduler"
beat_max_loop_interval = 10
timezone = "UTC"
beat_schedule = {
    "keep jobs moving": {
        "task": "core.tasks.keep_jobs_moving",
        "schedule": settings.JOB_RELAY_SECONDS,
        "options": {"queue": "light", "expires": settings.JOB_RELAY_SECONDS * 3},
    },
    "forget old idempotency keys": {
        "task": "core.tasks.start_job",
        "schedule": crontab(minute="20"),
        "args": ["core.tasks.forget_idempotency_keys"],
        "options": {"queue": "light"},
    },
    "prepare months of events": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="10"),
        "args": ["catalog.tasks.prepare_partitions"],
    "deliver webhooks": {
        "task": "core.tasks.deliver_webhooks",
        "schedule": settings.WEBHOOK_SECONDS,
        "options": {"queue": "light", "expires": settings.WEBHOOK_SECONDS * 3},
    },
    "tidy webhooks": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="50"),
        "args": ["core.tasks.tidy_webhooks"],
        "options": {"queue": "light"},
    },
        "options": {"queue": "light"},
    },
    "close settled orders": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="1", minute="40"),
        "args": ["catalog.tasks.close_orders"],
        "options": {"queue": "light"},
    },
    "tidy data requests": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="0", minute="40"),
        "args": ["core.tasks.tidy_data_requests"],
        "options": {"queue": "light"},
    },
    "train recommendations": {
        "task": "core.tasks.start_job",
        "schedule": crontab(hour="2", minute="30"),
        "args": ["recommender.tasks.train"],
        "options": {"queue": "light"},
    },
}
