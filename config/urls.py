"""Addresses of the service: who answers what."""

import importlib.util

from django.contrib import admin
from django.urls import include, path
from django.views.defaults import page_not_found

from config import health

handler500 = "config.problems.server_error"

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("api/", include("config.api")),
    # Kept as a name because allauth's pages ask for it; nobody opens an account for themselves.
    path("account/signup/", page_not_found, {"exception": None}, name="account_signup"),
    path("account/", include("allauth.urls")),
]
if importlib.util.find_spec("portal.urls"):
    urlpatterns.append(path("", include("portal.urls")))
