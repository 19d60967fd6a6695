"""Refusals that belong to no form: what happened, and what to do next."""

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from common.errors import DomainError
from organisations.acting import acting
from portal.page import render

TITLES = {
    403: _("您的岗位不能办理此事"),
    404: _("没有找到，或您无权查看"),
    409: _("与最新情况不一致"),
    422: _("内容不符合要求"),
}


def refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    by = acting(request) if request.user.is_authenticated else None
    context = {"status": error.status, "heading": TITLES.get(error.status, TITLES[422]), "problems": error.problems}
    return render(request, "portal/error.html", context, by=by, status=error.status)
