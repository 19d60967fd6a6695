"""Addresses of the service: who answers what."""

import importlib.util

from django.contrib import admin
from django.urls import include, path

from config import health

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("config.api")),
]
if importlib.util.find_spec("portal.urls"):
    urlpatterns.append(path("", include("portal.urls")))
