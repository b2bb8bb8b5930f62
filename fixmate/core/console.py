"""The console: Django's admin over services. It shows everything, and changes nothing by itself."""

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import django_stubs_ext
from django import forms
from django.contrib import admin, messages
from django.db import IntegrityError
from django.db.models import Model
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from fixmate.core.db_errors import conflict_of
from fixmate.core.errors import DomainError

django_stubs_ext.monkeypatch()  # lets the console's classes name their model at run time as they do for mypy


class ReasonForm(forms.Form):
    reason = forms.CharField(max_length=1000, widget=forms.Textarea(attrs={"rows": 3, "cols": 60}))


class StaffAct:
    """One act on one row: its label, and the service call behind it (`object`, `actor`, and what the form asks).

    `initial` tells, of the row, what the form shows at first. `step_up` is for acts that ask again who is there.
    """

    def __init__(
        self,
        label: str,
        call: Any,
        *,
        danger: bool = False,
        step_up: bool = False,
        form: type[ReasonForm] = ReasonForm,
        initial: Callable[[Any], dict[str, Any]] | None = None,
    ) -> None:
        self.label = label
        self.call = call
        self.danger = danger
        self.step_up = step_up
        self.form = form
        self.initial = initial

    def form_for(self, obj: Any, posted: Any, files: Any) -> ReasonForm:
        return self.form(posted or None, files or None, initial=self.initial(obj) if self.initial else None)


_added: dict[type[Model], dict[str, StaffAct]] = {}


def add_acts(model: type[Model], acts: dict[str, StaffAct]) -> None:
    """Put acts of an upper app on the page of a lower app's rows; called while admin modules are loaded."""
    _added.setdefault(model, {}).update(acts)


ActGuard = Callable[[HttpRequest], HttpResponseBase | None]
_act_guards: list[ActGuard] = []


def step_up_by(guard: ActGuard) -> None:
    """Have the guard asked before acts that step up: it returns where to go first, or None."""
    _act_guards.append(guard)


def _page_before(act: StaffAct, request: HttpRequest) -> HttpResponseBase | None:
    pages = (guard(request) for guard in _act_guards if act.step_up)
    return next((page for page in pages if page is not None), None)


_panels: dict[type[Model], dict[str, Callable[[Any], Iterable[str]]]] = {}


def add_panel(model: type[Model], title: str, lines_of: Callable[[Any], Iterable[str]]) -> None:
    """Show what an upper app has to say of a lower app's row on its page, as lines of text."""
    _panels.setdefault(model, {})[title] = lines_of


class ReadOnlyInline(admin.TabularInline[Any, Any]):
    """Rows that belong to a page, shown and never touched."""

    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class ConsoleAdmin(admin.ModelAdmin[Any]):
    """A read-only page per row, with buttons for what staff may do; each asks for a reason and is audited."""

    acts: ClassVar[dict[str, StaffAct]] = {}
    pages: ClassVar[dict[str, str]] = {}  # more pages about a row: the last part of their URLs' names, and their labels
    change_form_template = "console/change_form.html"
    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_urls(self) -> list[Any]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_act"
        act = path("<path:object_id>/act/<str:act>/", self.admin_site.admin_view(self.act_view), name=name)
        return [act, *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> Any:
        buttons = [{"name": name, "label": act.label, "danger": act.danger} for name, act in self.all_acts().items()]
        pages = [{"label": label, "url": self.url_of(name, object_id)} for name, label in self.pages.items()]
        panels = self._panels_of(request, object_id)
        context = {**(extra_context or {}), "acts": buttons, "pages": pages, "panels": panels}
        return super().change_view(request, object_id, form_url, context)

    def url_of(self, name: str, object_id: Any, *more: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{name}", args=[object_id, *more])

    def _panels_of(self, request: HttpRequest, object_id: str) -> dict[str, str]:
        panels = _panels.get(self.model, {})
        obj = self.get_object(request, object_id) if panels else None
        return {title: "\n".join(lines_of(obj)) for title, lines_of in panels.items()} if obj else {}

    def all_acts(self) -> dict[str, StaffAct]:
        return {**self.acts, **_added.get(self.model, {})}

    def act_view(self, request: HttpRequest, object_id: str, act: str) -> HttpResponseBase:
        """Ask for the reason, then call the service. What it refuses is shown, not raised."""
        obj = self.get_object(request, object_id)
        chosen = self.all_acts().get(act)
        if obj is None or chosen is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)  # type: ignore[attr-defined, no-any-return]
        first = _page_before(chosen, request)
        if first is not None:
            return first
        back = self.url_of("change", obj.pk)
        form = chosen.form_for(obj, request.POST, request.FILES)
        if request.method == "POST" and form.is_valid():
            self._perform(request, chosen, obj, form.cleaned_data)
            return redirect(back)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "object": obj,
            "act": chosen,
            "form": form,
            "back": back,
            "title": f"{chosen.label}: {obj}",
        }
        return TemplateResponse(request, "console/act.html", context)

    def _perform(self, request: HttpRequest, act: StaffAct, obj: Any, given: dict[str, Any]) -> None:
        try:
            act.call(obj, actor=request.user, **given)
        except (DomainError, IntegrityError) as exc:
            refusal = exc if isinstance(exc, DomainError) else conflict_of(exc)
            if refusal is None:
                raise
            self.message_user(request, f"{act.label}: {refusal.text} ({refusal.code})", messages.ERROR)
        else:
            self.message_user(request, f"{act.label}: done.", messages.SUCCESS)
