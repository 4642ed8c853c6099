"""Settings come from the environment only; the table in docs/operations.md lists every one."""

import os
import secrets
from datetime import timedelta
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from config.logs import logging_config
from config.production import refusals
from config.unfold import UNFOLD  # noqa: F401

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

PRODUCTION = env.bool("PRODUCTION", default=False)
DEBUG = env.bool("DEBUG", default=False)
VAR_DIR = Path(env.str("VAR_DIR", default=str(BASE_DIR / "var"))).resolve()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
VERSION = "0.1.0"


def _own_secret(path: Path) -> str:
    """One secret per installation, made at the first start and kept beside the data."""
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    value = secrets.token_urlsafe(48)
    try:
        with path.open("x") as file:
            file.write(value)
    except FileExistsError:
        return path.read_text().strip()
    path.chmod(0o600)
    return value


SECRET_KEY = env.str("SECRET_KEY", default="") or _own_secret(VAR_DIR / "secret_key")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "config.apps.StaffSiteConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_celery_beat",
    "treebeard",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "core",
    "catalog",
    "recommender",
    "analytics",
    "reviews",
    "vision",
    "crm",
    "marketing",
    "storefront",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "core.security_headers.SecurityHeadersMiddleware",
    "core.middleware.RequestIdMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "core.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "core.middleware.StaffLocaleMiddleware",
    "core.body_limit.BodyLimitMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.acting.ActingMiddleware",
    "core.middleware.ShopTimeZoneMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

# Without DATABASE_URL the engine starts the PostgreSQL of the wheel at the first connection.
DATABASE_URL = env.str("DATABASE_URL", default="")
LOCAL_POSTGRES = not DATABASE_URL
DATABASES = {"default": env.db_url_config(DATABASE_URL) if DATABASE_URL else {"NAME": "zhanggui"}}
DATABASES["default"].update(
    ENGINE="core.postgres",
    CONN_MAX_AGE=env.int("CONN_MAX_AGE", default=300),
    CONN_HEALTH_CHECKS=True,
)
STATEMENT_TIMEOUT_MS = env.int("STATEMENT_TIMEOUT_MS", default=60_000)
LOCK_TIMEOUT_MS = env.int("LOCK_TIMEOUT_MS", default=0)
# Set by gunicorn.conf.py: nobody waits for servers that are away, and what was shown last is remembered.
WEB_PROCESS = env.bool("WEB_PROCESS", default=False)
REDIS_URL = env.str("REDIS_URL", default="")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "core.StaffUser"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
AUTHENTICATION_BACKENDS = ["core.accounts.lockout.LockoutBackend", "django.contrib.auth.backends.ModelBackend"]
# Five failures for a name from one address, more for a name or an address alone: see core.accounts.lockout.
AXES_HANDLER = "core.accounts.lockout.Handler"
AXES_CLIENT_IP_CALLABLE = "core.accounts.lockout.client_address"
AXES_FAILURE_LIMIT = 5
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 3600
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if PRODUCTION:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = env.int("HSTS_SECONDS", default=31_536_000)

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "core" / "locale_theme"]
FORMAT_MODULE_PATH = ["core.formats"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = VAR_DIR / "static"
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR_DIR / "media"
MODEL_ROOT = VAR_DIR / "models"
EXPORT_ROOT = VAR_DIR / "exports"
BACKUP_DIR = Path(env.str("BACKUP_DIR", default=str(VAR_DIR / "backups"))).resolve()
BACKUP_KEEP = env.int("BACKUP_KEEP", default=7)
BACKUP_NIGHTLY = env.bool("BACKUP_NIGHTLY", default=False)
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": env.str("STATIC_STORAGE", default="whitenoise.storage.CompressedManifestStaticFilesStorage")
    },
}
# Of static files whose name stays the same in the next release: the snippet in the pages of a shop. Names with a sum of
# the file in them are kept for ever.
WHITENOISE_MAX_AGE = 0 if DEBUG else 600
DATA_UPLOAD_MAX_MEMORY_SIZE = env.int("MAX_BODY_BYTES", default=2_000_000)
MAX_UPLOAD_BYTES = env.int("MAX_UPLOAD_BYTES", default=200_000_000)
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "core.api.auth.ApiKeyAuthentication",
        "core.api.auth.StaffSessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["core.api.permissions.Nobody"],
    "DEFAULT_RENDERER_CLASSES": ["core.api.renderers.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.api.parsers.BoundedJsonParser"],
    "DEFAULT_PAGINATION_CLASS": "core.api.pagination.KeysetPagination",
    "DEFAULT_THROTTLE_CLASSES": ["core.api.throttling.KeyThrottle"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "core.api.errors.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "core.api.schema.ApiSchema",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
}
API_RATE_SERVER = env.int("API_RATE_SERVER", default=6_000)
API_RATE_PUBLISHABLE = env.int("API_RATE_PUBLISHABLE", default=600)
API_RATE_PHOTOS = env.int("API_RATE_PHOTOS", default=60)
API_RATE_UNKNOWN_KEYS = env.int("API_RATE_UNKNOWN_KEYS", default=30)
SPECTACULAR_SETTINGS = {
    "TITLE": "Zhanggui API",
    "DESCRIPTION": "Catalogue, orders, behaviour and recommendations of one shop. See docs/api.md.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "GET_LIB_DOC_EXCLUDES": "core.api.schema.base_classes",
    "ENUM_NAME_OVERRIDES": {
        "ProductStatusEnum": "catalog.models.Product.Status",
        "OrderStatusEnum": "catalog.models.Order.Status",
        "ExperimentStateEnum": "core.models.Experiment.State",
        "JobStateEnum": "core.models.Job.State",
        "ModelStateEnum": "core.models.ModelVersion.State",
        "SegmentKindEnum": "analytics.models.Segment.Kind",
        "MessageChannelEnum": "marketing.models.Channel",
        "MessagePurposeEnum": "marketing.models.Purpose",
        "RewardKindEnum": "crm.models.Reward.Kind",
        "LoyaltyMovementEnum": "crm.models.LoyaltyTransaction.Kind",
        "RewardCodeStateEnum": "crm.models.LoyaltyRedemption.State",
        "CampaignStateEnum": "marketing.models.Campaign.State",
        "ExperimentUnitEnum": "core.models.Experiment.Unit",
        "OfferUnitEnum": "marketing.models.Offer.Unit",
    },
}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
RIGHTS_DEADLINE_DAYS = env.int("RIGHTS_DEADLINE_DAYS", default=30)
# Events that may wait in Redis for the table; more are written at once.
EVENT_BUFFER_MOST = env.int("EVENT_BUFFER_MOST", default=200_000)
# More acts of one browser within a minute are a bot's.
EVENT_BOT_PER_MINUTE = env.int("EVENT_BOT_PER_MINUTE", default=120)
# What a consumer took and did not write goes to another after so long.
EVENT_CLAIM_SECONDS = env.float("EVENT_CLAIM_SECONDS", default=10.0)
# The demo storefront at /shop/: unset, it is open for the demo shop and closed in production.
STOREFRONT = env.bool("STOREFRONT") if env.str("STOREFRONT", default="") else None
STOREFRONT_KEY = env.str("STOREFRONT_KEY", default="")
STOREFRONT_SERVER_KEY = env.str("STOREFRONT_SERVER_KEY", default="")
EVENT_RETENTION_MONTHS = env.int("EVENT_RETENTION_MONTHS", default=25)
RECOMMENDER_SECONDS = env.float("RECOMMENDER_SECONDS", default=60.0)
SEARCH_SECONDS = env.int("SEARCH_SECONDS", default=20)
LISTS_SECONDS = env.int("LISTS_SECONDS", default=20)
FACTS_SECONDS = env.int("FACTS_SECONDS", default=20)
WEBHOOK_SECONDS = env.int("WEBHOOK_SECONDS", default=5)
WEBHOOK_ALLOWED_HOSTS = env.list("WEBHOOK_ALLOWED_HOSTS", default=[])
WEBHOOK_ALLOWED_NETWORKS = env.list("WEBHOOK_ALLOWED_NETWORKS", default=[])
PICTURE_ALLOWED_HOSTS = env.list("PICTURE_ALLOWED_HOSTS", default=[])
PICTURE_ALLOWED_NETWORKS = env.list("PICTURE_ALLOWED_NETWORKS", default=[])
JOB_HEARTBEAT_SECONDS = env.float("JOB_HEARTBEAT_SECONDS", default=1.0)
JOB_LOST_SECONDS = env.float("JOB_LOST_SECONDS", default=60.0)
# Who may read /metrics: whoever has the token, and whoever asks directly from one of these networks.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
METRICS_NETWORKS = env.list("METRICS_NETWORKS", default=["127.0.0.0/8", "::1/128"])
JOB_RELAY_SECONDS = env.float("JOB_RELAY_SECONDS", default=10.0)
JOB_PATIENCE_SECONDS = env.float("JOB_PATIENCE_SECONDS", default=10.0)
JOB_KEEP_DAYS = env.int("JOB_KEEP_DAYS", default=90)
JOB_VISIBILITY_SECONDS = env.int("JOB_VISIBILITY_SECONDS", default=7_200)
JOB_SHUTDOWN_SECONDS = env.int("JOB_SHUTDOWN_SECONDS", default=20)
JOB_HARD_EXTRA_SECONDS = env.int("JOB_HARD_EXTRA_SECONDS", default=60)
JOB_LIMIT_SECONDS = {
    "light": env.int("JOB_LIMIT_LIGHT", default=300),
    "mail": env.int("JOB_LIMIT_MAIL", default=120),
    "bulk": env.int("JOB_LIMIT_BULK", default=5_400),
    "train": env.int("JOB_LIMIT_TRAIN", default=5_400),
    "deep": env.int("JOB_LIMIT_DEEP", default=6_600),
}
# A file with weights that networks for photos begin from; nothing is downloaded.
VISION_WEIGHTS = env.str("VISION_WEIGHTS", default="")
RECOMMENDER_DEEP = env.bool("RECOMMENDER_DEEP", default=False)
CELERY_TASK_ALWAYS_EAGER = False

# The product sends its own mail (core.mail) and nothing else does; without EMAIL_URL nothing leaves this machine.
EMAIL_URL = env.str("EMAIL_URL", default="")
EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"
_mail = env.email_url_config(EMAIL_URL) if EMAIL_URL else {}
EMAIL_HOST = _mail.get("EMAIL_HOST") or ""
if EMAIL_URL and not (EMAIL_HOST and EMAIL_URL.startswith("smtp")):
    raise ImproperlyConfigured("EMAIL_URL has the form smtp://user:password@host:25, smtp+tls://… or smtp+ssl://…")
EMAIL_PORT = _mail.get("EMAIL_PORT") or 0
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail.get("EMAIL_HOST_USER") or "", _mail.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _mail.get("EMAIL_USE_TLS", False), _mail.get("EMAIL_USE_SSL", False)
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="shop@localhost")
# A delivery service for campaigns, such as anymail.backends.sendgrid.EmailBackend; its keys are ANYMAIL_… as JSON.
MARKETING_EMAIL_BACKEND = env.str("MARKETING_EMAIL_BACKEND", default="")
ANYMAIL = env.json("ANYMAIL", default={})
MARKETING_EVENTS_SECRET = env.str("MARKETING_EVENTS_SECRET", default="")
# Mail that comes in: a mailbox to look into (imaps://user:password@host:993/INBOX), and the secret of the webhook.
INBOX_IMAP_URL = env.str("INBOX_IMAP_URL", default="")
INBOX_MAIL_SECRET = env.str("INBOX_MAIL_SECRET", default="")
MAIL_TIMEOUT_SECONDS = env.float("MAIL_TIMEOUT_SECONDS", default=10.0)
MAIL_KEEP_DAYS = env.int("MAIL_KEEP_DAYS", default=30)
PUBLIC_URL = env.str("PUBLIC_URL", default="")

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = logging_config(level=LOG_LEVEL, json=env.bool("LOG_JSON", default=PRODUCTION))
SITE_NAME = _("Zhanggui")
SILENCED_SYSTEM_CHECKS = ["axes.W002", "security.W004", "security.W008", "security.W012", "security.W016"]

if PRODUCTION:
    for _sentence in refusals(globals(), os.environ):
        raise ImproperlyConfigured(_sentence)
