"""The API's addresses: one line for each kind of thing, and the description of it all."""

from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView
from rest_framework.routers import SimpleRouter

from deals.api import Deals, DeclineCodes, Drawdowns, Filings, Invitations, Receipts, Rounds
from deals.subsidies.api import Claims
from lenders.api import Appetites, Banks, Branches
from matching.api import NonMatches, Recommendations, Scenarios
from organisations.api import Batches, Industries, Me, Programmes, Regions
from organisations.resources import step_paths
from projects.api import Needs
from schemes.api import Schemes

RESOURCES = (
    Filings,
    Needs,
    Rounds,
    Recommendations,
    NonMatches,
    Scenarios,
    Invitations,
    Deals,
    Drawdowns,
    Receipts,
    Claims,
    DeclineCodes,
    Regions,
    Industries,
    Programmes,
    Batches,
    Banks,
    Branches,
    Appetites,
    Schemes,
)

router = SimpleRouter(use_regex_path=False)
for resource in RESOURCES:
    router.register(resource.kind, resource, basename=resource.kind)

urlpatterns = [
    path("me/", Me.as_view(), name="api-me"),
    path("", include([step for resource in RESOURCES for step in step_paths(resource)])),
    path("", include(router.urls)),
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs/", SpectacularSwaggerView.as_view(url_name="api-schema"), name="api-docs"),
]
