"""Addresses of the pages. The last line is every step of every kind."""

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path

from portal.views import accounts, appetites, bulk, claims, deals, filings, form, home, invitations, province, rounds, sign_in, steps

urlpatterns = [
    path("", home.home, name="home"),
    path("sign-in/", sign_in.sign_in, name="sign-in"),
    path("sign-out/", LogoutView.as_view(next_page="sign-in"), name="sign-out"),
    path("filings/", filings.ledger, name="filings"),
    path("filings/mine/", filings.mine, name="my-filings"),
    path("filings/new/", form.new, name="filing-new"),
    path("filings/bulk/<slug:verb>/", bulk.filings, name="filings-bulk"),
    path("filings/<int:pk>/", filings.detail, name="filing"),
    path("filings/<int:pk>/edit/", form.edit, name="filing-edit"),
    path("filings/<int:pk>/autosave/", form.autosave, name="filing-autosave"),
    path("filings/<int:pk>/disclosures/<int:disclosure_pk>/withdraw/", filings.withdraw_disclosure, name="disclosure-withdraw"),
    path("inbox/", filings.inbox, name="inbox"),
    path("adequacy/", province.adequacy, name="adequacy"),
    path("progress/", province.progress, name="progress"),
    path("invitations/", invitations.index, name="invitations"),
    path("invitations/<int:pk>/", invitations.detail, name="invitation"),
    path("deals/", deals.index, name="deals"),
    path("deals/<int:pk>/", deals.detail, name="deal"),
    path("rounds/", rounds.index, name="rounds"),
    path("rounds/<int:pk>/", rounds.detail, name="round"),
    path("rounds/<int:pk>/status/", rounds.status, name="round-status"),
    path("rounds/<int:pk>/recommendations/", rounds.recommendations, name="round-recommendations"),
    path("rounds/<int:pk>/non-matches/", rounds.non_matches, name="round-non-matches"),
    path("claims/", claims.index, name="claims"),
    path("claims/<int:pk>/", claims.detail, name="claim"),
    path("accounts/", accounts.index, name="accounts"),
    path("accounts/<int:pk>/", accounts.statement, name="account"),
    path("appetites/", appetites.index, name="appetites"),
    path("appetites/new/", appetites.form, name="appetite-new"),
    path("appetites/<int:pk>/", appetites.form, name="appetite"),
    re_path(r"^(?P<kind>deals|filings)/(?P<pk>\d{1,18})/entries/(?P<name>[a-z-]+)/$", steps.enter, name="entry"),
    path("<slug:kind>/<int:pk>/<slug:verb>/", steps.act, name="step"),
]
