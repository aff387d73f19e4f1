"""Settings, all from the environment (see .env.example). Importable with an empty environment."""

from typing import Any

import dj_database_url
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _
from kombu import Exchange, Queue

from cashback.control.protocol.naming import REPORT_QUEUE
from cashback.env import ROOT, env, var_dir

BASE_DIR = ROOT
VAR = var_dir()

DEBUG = env.flag("DEBUG")
DEMO = env.flag("DEMO")
INSECURE_SECRET_KEY = "only-for-an-empty-environment"  # noqa: S105  (cashback.checks refuses it in production)
SECRET_KEY = env.text("SECRET_KEY", INSECURE_SECRET_KEY)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
# Networks of the proxies in front of us; only their X-Forwarded-For is believed.
TRUSTED_PROXIES = env.words("TRUSTED_PROXIES")

INSTALLED_APPS = [
    "cashback.accounts.admin_config.OrganizerAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "axes",
    "csp",
    "django_prometheus",
    "cashback.accounts",
    "cashback.ledger",
    "cards",
    "queueing",
    "payouts",
    "lottery",
    "cashback.control.centre",
    "cashback.web",
    "cashback.portal",
    "cashback.api",
    "cashback.demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "cashback.urls"
WSGI_APPLICATION = "cashback.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# Two roles: the application's (no DDL, no UPDATE on append-only tables) and the owner's (migrations only).
DATABASE_URL = env.text("DATABASE_URL", "postgres://cashback_app@127.0.0.1:5432/cashback")
MIGRATION_DATABASE_URL = env.text("MIGRATION_DATABASE_URL", DATABASE_URL)


def _database(url: str) -> dict[str, Any]:
    config: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    # Short statements over large tables: compiling one takes longer than running it.
    options = {"connect_timeout": 5, "application_name": "cashback", "options": "-c jit=off"}
    config["OPTIONS"] = {**config.get("OPTIONS", {}), **options}
    config["DISABLE_SERVER_SIDE_CURSORS"] = False
    return config


DATABASES = {"default": _database(DATABASE_URL)}

REDIS_URL = env.text("REDIS_URL", "redis://127.0.0.1:6379/0")
# A read cache only. Whatever must survive is a row in PostgreSQL; a cache that is away is a cache that misses.
CACHES = {
    "default": {
        "BACKEND": "cashback.lib.cache.ForgivingRedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 0.1, "socket_connect_timeout": 0.1},
    }
}
SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 8 * 3600
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "admin:login"
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_VERBOSE = False
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "cashback.accounts.signing_in.address_of"
AXES_LOCKOUT_CALLABLE = "cashback.accounts.signing_in.locked_out"

LANGUAGE_CODE = env.text("LANGUAGE_CODE", "en")
LANGUAGES = [("en", _("English")), ("zh-hans", _("Simplified Chinese"))]
LOCALE_PATHS = [ROOT / "cashback" / "locale"]
TIME_ZONE = env.text("TIME_ZONE", "Asia/Shanghai")
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
# Unset: whitenoise serves what the finders find, and looks into no folder that nobody filled.
STATIC_ROOT = env.path("STATIC_ROOT")
STATICFILES_DIRS = [ROOT / "cashback" / "web" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "cashback.web.errors.form_expired"
# Not no-referrer: with it browsers send "Origin: null" and every form fails its CSRF check.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
HTTPS = env.flag("HTTPS", not DEBUG and not DEMO)
SECURE_SSL_REDIRECT = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["knox.auth.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": None,
    "EXCEPTION_HANDLER": "cashback.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
REST_KNOX = {"TOKEN_TTL": None, "AUTO_REFRESH": False}
SPECTACULAR_SETTINGS = {
    "TITLE": "Cash-back card program",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "/static/cashback/coin.svg",
    "REDOC_DIST": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "AwardStateEnum": "cashback.api.documents.AWARD_STATES",
        "DrawStateEnum": "lottery.models.PUBLIC_STATES",
        "GiftStateEnum": "cashback.api.documents.GIFT_STATES",
        "GiftWayEnum": "cashback.api.documents.GIFT_WAYS",
    },
}

# Celery is only the clock: names of tasks travel, never data; results are not kept.
CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 5,
}
# Stations answer on a list of their own; that is all they may write to.
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TASK_QUEUES = [
    Queue("celery", Exchange("celery"), routing_key="celery"),
    Queue(REPORT_QUEUE, Exchange(""), routing_key=REPORT_QUEUE),
]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 240
CELERY_TASK_SOFT_TIME_LIMIT = 200
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"

# Keys. Each file is mode 600 and outside the database; docs/security.md says what each opens.
KEYRING_DIR = env.path("KEYRING_DIR", VAR / "keys" / "ring")
KEY_EPOCH_DAYS = env.number("KEY_EPOCH_DAYS", 30)
PIN_KEY_FILE = env.path("PIN_KEY_FILE", VAR / "keys" / "pin.key")
SIGNING_KEY_FILE = env.path("SIGNING_KEY_FILE", VAR / "keys" / "signing.key")

PAYOUT_RAIL = env.text("PAYOUT_RAIL", "iso20022")
BANK_OUTBOX_DIR = env.path("BANK_OUTBOX_DIR", VAR / "bank" / "outbox")
BANK_INBOX_DIR = env.path("BANK_INBOX_DIR", VAR / "bank" / "inbox")
BANK_RECIPIENT_KEY_FILE = env.path("BANK_RECIPIENT_KEY_FILE", VAR / "keys" / "bank-recipient.txt")
BANK_INBOX_KEY_FILE = env.path("BANK_INBOX_KEY_FILE", VAR / "keys" / "bank-inbox.txt")

# Who pays: the organizer's name, account (an IBAN or the bank's own number) and bank (a BIC or the bank's code).
DEBTOR_NAME = env.text("DEBTOR_NAME", "Cashback Demo Organizer")
DEBTOR_ACCOUNT = env.text("DEBTOR_ACCOUNT", "DE89370400440532013000")
DEBTOR_AGENT_BIC = env.text("DEBTOR_AGENT_BIC", "COBADEFFXXX")

CLIENT_ATTEMPTS_PER_MINUTE = env.number("CLIENT_ATTEMPTS_PER_MINUTE", 20)

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"no addresses": {"()": "cashback.lib.logs.RouteForPath"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["no addresses"]}},
    "root": {"handlers": ["console"], "level": env.text("LOG_LEVEL", "INFO")},
}
