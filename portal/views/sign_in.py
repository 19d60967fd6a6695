"""Sign-in and sign-out. The form, the second factor and the rate limits are allauth's; lock-out after failures is axes'."""

from allauth.account.views import LoginView


class SignIn(LoginView):  # type: ignore[misc]  # allauth ships no types
    template_name = "portal/sign_in.html"


sign_in = SignIn.as_view()
