"""The door of the console: who is staff, who has shown a second factor, and when it has to be shown again."""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.contrib.admin import AdminSite
from django.contrib.auth.views import PasswordChangeView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache

from accounts.console import pages
from accounts.console.forms import ConsoleLoginForm, ConsolePasswordForm
from accounts.console.marks import factor_note, is_factor_missing, is_factor_stale, staff_of
from fixmate.core.api.limits import count_use_of
from fixmate.core.api.requests import client_ip
from fixmate.core.console import step_up_by
from fixmate.core.console_sessions import session_begin

Page = Callable[[HttpRequest, dict[str, Any]], HttpResponse]


class ConsoleSite(AdminSite):
    login_form = ConsoleLoginForm
    login_template = "console/login.html"

    def has_permission(self, request: HttpRequest) -> bool:
        return staff_of(request) is not None and not is_factor_missing(request)

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET" and staff_of(request) and is_factor_missing(request):
            return _page_of_factor(request)
        answer = super().login(request, extra_context)
        if request.method == "POST" and answer.status_code == HTTPStatus.FOUND:
            self._begin(request)
        return answer

    def _begin(self, request: HttpRequest) -> None:
        session_begin(request.session)
        user = staff_of(request)
        if user and user.has_second_factor:  # its login asked for it
            factor_note(request)

    def password_change(  # type: ignore[override]  # a redirect, once it is changed: the stubs forget that
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if request.method == "POST" and self._guesses_too_often(request):
            return redirect("admin:password_change")
        context = {**self.each_context(request), **(extra_context or {})}
        done = reverse("admin:password_change_done")
        view = PasswordChangeView.as_view(form_class=ConsolePasswordForm, success_url=done, extra_context=context)
        return view(request)

    def _guesses_too_often(self, request: HttpRequest) -> bool:
        user_id = str(getattr(request.user, "pk", ""))
        wait_s = count_use_of(request, "password", user_id=user_id, address=client_ip(request))
        if wait_s:
            messages.error(request, f"Too many tries. Wait {wait_s} seconds.")
        return bool(wait_s)

    def get_urls(self) -> list[Any]:
        own = [
            path("second-factor/", self._page(pages.second_factor_page), name="second_factor"),
            path("second-factor/show/", self._page(pages.show_page), name="show_second_factor"),
            path("logout/", self._staff_view(self.logout), name="logout"),
        ]
        return [*own, *super().get_urls()]

    def _page(self, page: Page) -> Callable[[HttpRequest], HttpResponseBase]:
        def view(request: HttpRequest) -> HttpResponse:
            is_in = self.has_permission(request)
            outside = {"available_apps": [], "is_nav_sidebar_enabled": False, "has_permission": True}
            return page(request, {**self.each_context(request), **({} if is_in else outside)})

        return self._staff_view(view)

    def _staff_view(self, view: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
        """Open the view to staff who have not shown a second factor yet."""

        @never_cache
        def inner(request: HttpRequest) -> HttpResponseBase:
            if staff_of(request) is None:
                return redirect_to_login(request.get_full_path(), reverse("admin:login"))
            return view(request)

        return inner


def _page_of_factor(request: HttpRequest) -> HttpResponse:
    """Go where it is shown, or added, and back from there."""
    user = staff_of(request)
    page = "show_second_factor" if user and user.has_second_factor else "second_factor"
    return redirect(f"{reverse(f'admin:{page}')}?{pages.next_query(request.GET.get('next', ''))}")


def _step_up(request: HttpRequest) -> HttpResponse | None:
    if not is_factor_stale(request):
        return None
    return redirect(f"{reverse('admin:show_second_factor')}?{pages.next_query(request.get_full_path())}")


step_up_by(_step_up)
