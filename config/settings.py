"""Settings: one module, everything that differs between machines comes from the environment (see docs/how-to/run.md)."""

import datetime as dt
from pathlib import Path
from urllib.parse import urlsplit

import environ
from django.utils.translation import gettext_lazy as _

from config import logs

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = ["127.0.0.1", "localhost", *env.list("ALLOWED_HOSTS", default=[])]  # this machine always: health checks ask by it
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "portal",  # before allauth, whose pages wear the portal's frame
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "axes",
    "django_celery_beat",
    "django_celery_results",
    "django_filters",
    "django_htmx",
    "django_structlog",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "import_export",
    "pghistory",
    "pgtrigger",
    "rest_framework",
    "config",
    "common",
    "organisations",
    "ledger",
    "lenders",
    "schemes",
    "projects",
    "matching",
    "deals",
    "exchange",
    "seeds",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.policies.looser_for_admin",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {"default": env.db_url("DATABASE_URL")}
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}  # with several processes: one they share
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "organisations.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
# Sign-in and the second factor only: an organisation's administrator opens accounts, visitors do not.
ACCOUNT_ADAPTER = "config.accounts.InvitationOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
# An office shares one address on the Internet: locked is the person at that address, for a quarter of an hour.
ACCOUNT_RATE_LIMITS = {"login_failed": None}  # counted by axes, in the database
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = dt.timedelta(minutes=15)
AXES_LOCKOUT_TEMPLATE = "portal/locked.html"
LOGIN_URL = "/sign-in/"
LOGIN_REDIRECT_URL = "/"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("SECURE_COOKIES", default=not DEBUG)
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "SAMEORIGIN"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("中文")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale", BASE_DIR / "config" / "theme"]
USE_I18N = True
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", default="") or None  # only where `collectstatic` has run; else files are served from the apps
MEDIA_ROOT = env.str("MEDIA_ROOT", default=str(BASE_DIR / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_RESULT_BACKEND = "django-db"
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_DEFAULT_QUEUE = "default"
CELERY_TASK_ROUTES = {
    "matching.tasks.hold_shard": {"queue": "shards"},  # each takes a process for as long as a round looks for its prices
    "matching.tasks.redispatch_expired_leases": {"queue": "default"},  # must not wait behind the solve it watches
    "matching.tasks.*": {"queue": "rounds"},
}
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_SCHEDULE = {
    "rounds": {"task": "matching.tasks.redispatch_expired_leases", "schedule": 15.0},
    "expire": {"task": "deals.tasks.expire", "schedule": 900.0},
    "dock": {"task": "deals.tasks.dock", "schedule": 900.0},
    "remind": {"task": "organisations.tasks.remind", "schedule": 3600.0},
    "roll": {"task": "projects.tasks.roll_late", "schedule": 900.0},
    "jobs": {"task": "exchange.tasks.tend_jobs", "schedule": 120.0},
    "accrue": {"task": "deals.tasks.accrue", "schedule": 86_400.0},
    "cross_check": {"task": "deals.tasks.cross_check", "schedule": 86_400.0},
    "notices": {"task": "exchange.tasks.tell", "schedule": 10.0},
    "outgoing": {"task": "exchange.tasks.send", "schedule": 10.0},
    "seal": {"task": "organisations.tasks.seal_audit", "schedule": 3600.0},
    "forget": {"task": "organisations.tasks.forget_answers", "schedule": 86_400.0},
}
# Where the service is reached from outside: what links in messages begin with.
SITE_URL = env.str("SITE_URL", default="http://127.0.0.1:8000")
SITE_HOST = urlsplit(SITE_URL).hostname or "localhost"
EMAIL_URL = env.str("EMAIL_URL", default="")  # e.g. smtp+tls://user:password@host:587; empty: no e-mail is sent, nobody is asked about it
vars().update(environ.Env.email_url_config(EMAIL_URL) if EMAIL_URL else {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"})
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = env.str("EMAIL_FROM", default=f"fulcrum@{SITE_HOST}")
# Empty: no text message is sent. Else exchange.channels.HttpSms with SMS_URL and SMS_KEY, or exchange.channels.FileSms with SMS_FILE.
SMS_BACKEND = env.str("SMS_BACKEND", default="")
SMS_URL = env.str("SMS_URL", default="")
SMS_KEY = env.str("SMS_KEY", default="")
SMS_FILE = env.str("SMS_FILE", default="")
# Empty: uploads are not scanned. Else organisations.scanning.clamd with CLAMD_ADDRESS, or any function from bytes to what was found in them.
UPLOAD_SCANNER = env.str("UPLOAD_SCANNER", default="")
CLAMD_ADDRESS = env.str("CLAMD_ADDRESS", default="127.0.0.1:3310")
ROBOT_HOSTS = env.list("ROBOT_HOSTS", default=["qyapi.weixin.qq.com"])
OUTGOING_PRIVATE = env.bool("OUTGOING_PRIVATE", default=False)  # webhooks to plain http and to addresses of one's own network
WEBHOOK_FAILURES_MAX = env.int("WEBHOOK_FAILURES_MAX", default=20)  # failed attempts in a row after which a webhook is stopped
ROUND_LEASE_S = env.int("ROUND_LEASE_S", default=60)  # a worker silent for so long has lost its round
SHARDS = env.int("SHARDS", default=0)  # 0: a round is always priced in one process
SHARD_ABOVE_OPTIONS = env.int("SHARD_ABOVE_OPTIONS", default=10_000_000)
SHARD_ANSWER_S = env.float("SHARD_ANSWER_S", default=30.0)  # a shard silent for so long is started again elsewhere
SHARD_REDIS_URL = env.str("SHARD_REDIS_URL", default=CELERY_BROKER_URL)  # best one of its own that writes nothing to disk

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "organisations.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated", "organisations.authentication.Scoped"],
    "DEFAULT_THROTTLE_CLASSES": ["organisations.authentication.Pace"],
    "DEFAULT_THROTTLE_RATES": {"api": env.str("API_RATE", default="1200/min")},
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["organisations.clean_json.CleanJSON"],
    "DEFAULT_FILTER_BACKENDS": ["organisations.filtering.StrictFilters"],
    "EXCEPTION_HANDLER": "config.problems.handle",
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Fulcrum 支点",
    "VERSION": "0.1.0",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SCHEMA_PATH_PREFIX": "/api/",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "organisations.resources.description.link_steps",
    ],
    "ENUM_NAME_OVERRIDES": {
        "FilingState": "projects.models.Filing.State",
        "RoundState": "matching.models.Round.State",
        "ScenarioState": "matching.models.Scenario.State",
        "RecommendationState": "matching.models.Recommendation.State",
        "InvitationState": "deals.models.Invitation.State",
        "DealState": "deals.models.Deal.State",
        "ClaimState": "deals.subsidies.models.SubsidyClaim.State",
        "RecoveryState": "deals.recovery.models.Recovery.State",
        "OpeningLoanState": "deals.opening.models.OpeningLoan.State",
        "SuccessorRule": "schemes.models.SchemeVersion.SuccessorRule",
        "SecondDockingState": "deals.docking.models.SecondDocking.State",
        "FundingBatchState": "deals.funding.models.FundingBatch.State",
        "ClawbackScope": "schemes.models.SchemeVersion.ClawbackScope",
        "FlagState": "deals.crosschecks.models.CrossCheckFlag.State",
        "ObjectionState": "deals.funding.models.BatchObjection.State",
        "WebhookState": "exchange.models.Webhook.State",
        "OutgoingState": "exchange.models.Outgoing.State",
        "ImportState": "exchange.models.Import.State",
        "ForwardState": "projects.models.ForwardBatch.State",
    },
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "frame-ancestors": ["'self'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    },
}
UNFOLD = {
    "SITE_TITLE": _("支点 Fulcrum"),
    "SITE_HEADER": _("支点 管理端"),
    "SITE_SYMBOL": "balance",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_LANGUAGES": True,
    "BORDER_RADIUS": "4px",
    # The portal's blue, light to dark.
    "COLORS": {
        "primary": {
            "50": "#f2f7fb",
            "100": "#e3edf6",
            "200": "#c4d9ea",
            "300": "#98bdd9",
            "400": "#659bc3",
            "500": "#3f7dab",
            "600": "#1d4e79",
            "700": "#1a466d",
            "800": "#153a5b",
            "900": "#112f4a",
            "950": "#0a1e30",
        },
    },
    "DASHBOARD_CALLBACK": "config.sidebar.dashboard",
    "SIDEBAR": {"show_search": True, "show_all_applications": False, "navigation": "config.sidebar.navigation"},
}

LOGGING = logs.configure(env.str("LOG_FORMAT", default=""))

# The demonstration province runs at a fixed moment, so that what it shows never drifts. Empty: the real clock.
FIXED_NOW = env.str("FULCRUM_FIXED_NOW", default="")
