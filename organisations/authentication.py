"""How a machine is let in: `Authorization: Bearer fk_…`, only as far as its token's scopes reach, and not faster than is good for all."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

from common.errors import NotAllowed
from organisations import tokens
from organisations.clock import now
from organisations.models import Token, User

SCHEME = "Bearer"


class TokenAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[User, Token] | None:
        scheme, _space, text = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        token, at = tokens.find(text.strip()), now()
        if token is None:
            raise AuthenticationFailed(_("令牌无效。"), code="token_unknown")
        if token.revoked_at is not None:
            raise AuthenticationFailed(_("令牌已撤销。"), code="token_revoked")
        if token.expires_at <= at:
            raise AuthenticationFailed(_("令牌已过期。"), code="token_expired")
        tokens.note_use(token, at=at)
        return token.membership.user, token

    def authenticate_header(self, _request: Request) -> str:
        return SCHEME


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # spectacular registers what it finds
    target_class = TokenAuthentication
    name = "tokenAuth"

    def get_security_definition(self, _auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": str(_("接口令牌；每个操作所需的权限见 x-scope。"))}


class Scoped(BasePermission):
    """A token opens what its scopes name. A signed-in person has no scopes: their seats alone decide."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if not isinstance(request.auth, Token):
            return True
        needed = view.scope_for(request.method) if hasattr(view, "scope_for") else ""
        if needed and needed not in request.auth.scopes:
            raise NotAllowed(
                _("此令牌的权限不包括 %(scope)s。") % {"scope": needed},
                code="scope_missing",
                remedy=_("请单位管理员或企业负责人签发包括 %(scope)s 的令牌。") % {"scope": needed},
            )
        return True


class Pace(SimpleRateThrottle):
    """So many requests a minute for each person or machine."""

    scope = "api"

    def get_cache_key(self, request: Request, _view: Any) -> str:
        ident = request.user.pk if request.user and request.user.is_authenticated else self.get_ident(request)
        return self.cache_format % {"scope": self.scope, "ident": ident}
