"""The pages about one's own second factor: adding it, showing it again, removing it."""

from typing import Any
from urllib.parse import urlencode

import segno
from django import forms
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe

from accounts import services
from accounts.console.forms import ConfirmForm, OtpForm, PasswordForm
from accounts.console.marks import factor_forget, factor_note, staff_of
from accounts.models import User
from accounts.selectors import recovery_code_count, user_get
from fixmate.core.api.limits import count_use_of
from fixmate.core.api.requests import client_ip
from fixmate.core.errors import DomainError, Forbidden

_ADD, _MANAGE = "console/second_factor_add.html", "console/second_factor.html"
_CONFIRM, _CODES, _SHOW = (
    "console/second_factor_confirm.html",
    "console/recovery_codes.html",
    "console/show_factor.html",
)


def next_query(address: str) -> str:
    return urlencode({"next": address})


def second_factor_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Show how it is; POST begins, confirms or removes, whichever `act` says."""
    acts = {"begin": _begin, "confirm": _confirm, "remove": _remove}
    act = acts.get(request.POST.get("act", "")) if request.method == "POST" else None
    if act is not None:
        return act(request, context)
    user = _staff(request)
    if not user.has_second_factor:
        return _page(request, context, _ADD, form=PasswordForm())
    return _manage(request, context, OtpForm())


def show_page(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Ask for the second factor again, and lead back to what it was asked for."""
    if not _staff(request).has_second_factor:
        return redirect("admin:second_factor")
    form = OtpForm(request.POST or None)
    if request.method == "POST" and form.is_valid() and _is_shown(request, form):
        factor_note(request)
        return redirect(_way_back(request))
    return _page(request, context, _SHOW, form=form, back=_way_back(request))


def _is_shown(request: HttpRequest, form: forms.Form) -> bool:
    try:
        _count(request)
        services.second_factor_show(user_id=_staff(request).pk, otp=form.cleaned_data["otp"])
    except DomainError as refusal:
        form.add_error(None, refusal.text)
        return False
    return True


def _begin(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    form = PasswordForm(request.POST)
    if not form.is_valid():
        return _page(request, context, _ADD, form=form)
    try:
        _count(request)
        begun = services.second_factor_begin(user_id=_staff(request).pk, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error(None, refusal.text)
        return _page(request, context, _ADD, form=form)
    return _page(request, context, _CONFIRM, form=ConfirmForm(), secret=begun.secret, picture=_qr(begun.otpauth_uri))


def _qr(text: str) -> str:
    """Return the code as SVG to stand in the page: nothing is fetched, and no policy has to allow it."""
    drawn = segno.make(text, error="m").svg_inline(scale=5, border=4, light="#fff", dark="#000")
    return mark_safe(drawn)  # noqa: S308 - a drawing, of numbers alone


def _confirm(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    form = ConfirmForm(request.POST)
    if not form.is_valid():
        return _page(request, context, _CONFIRM, form=form)
    try:
        _count(request)
        codes = services.second_factor_confirm(user_id=_staff(request).pk, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error(None, refusal.text)
        return _page(request, context, _CONFIRM, form=form)
    _stay(request)
    factor_note(request)
    return _page(request, context, _CODES, codes=codes)


def _remove(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    form = OtpForm(request.POST)
    if not form.is_valid():
        return _manage(request, context, form)
    try:
        _count(request)
        services.second_factor_remove(user_id=_staff(request).pk, **form.cleaned_data)
    except DomainError as refusal:
        form.add_error(None, refusal.text)
        return _manage(request, context, form)
    _stay(request)
    factor_forget(request)
    messages.success(request, "The second factor is removed.")
    return redirect("admin:second_factor")


def _stay(request: HttpRequest) -> None:
    """Bind this session to the account as it is now; the other sessions of the console are over."""
    update_session_auth_hash(request, user_get(_staff(request).pk))


def _manage(request: HttpRequest, context: dict[str, Any], form: forms.Form) -> HttpResponse:
    user = _staff(request)
    return _page(request, context, _MANAGE, form=form, device=user.authenticator, codes_left=recovery_code_count(user))


def _staff(request: HttpRequest) -> User:
    user = staff_of(request)
    if user is None:
        raise Forbidden
    return user


def _count(request: HttpRequest) -> None:
    wait_s = count_use_of(request, "second_factor", user_id=str(_staff(request).pk), address=client_ip(request))
    if wait_s:
        raise Forbidden(f"Too many tries. Wait {wait_s} seconds.")


def _way_back(request: HttpRequest) -> str:
    address = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(address, {request.get_host()}, require_https=request.is_secure())
    return address if is_ours else reverse("admin:index")


def _page(request: HttpRequest, context: dict[str, Any], template: str, **more: Any) -> HttpResponse:
    return TemplateResponse(request, template, {**context, "title": "Second factor", **more})
