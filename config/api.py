"""The API's addresses: one line for each kind of thing, and the description of it all."""

from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from config.problems import NoSuchAddress
from deals.monitoring import api as monitoring
from exchange.api import RESOURCES
from organisations.api import Me
from organisations.resources import step_paths

router = SimpleRouter(use_regex_path=False)
for resource in RESOURCES:
    router.register(resource.kind, resource, basename=resource.kind)

urlpatterns = [
    path("me/", Me.as_view(), name="api-me"),
    path("", include([step for resource in RESOURCES for step in step_paths(resource)])),
    path("", include(router.urls)),
    path("", include(monitoring.urlpatterns)),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
    re_path("", NoSuchAddress.as_view(), name="api-no-such-address"),
]
