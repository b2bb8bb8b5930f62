from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin

from catalog.models import Service
from fixmate.core.console import ConsoleAdmin, ReadOnlyInline, ReasonForm, StaffAct, add_acts, add_panel
from fixmate.core.errors import Invalid
from jobs.models import Job
from matching.enums import RolloutMode
from matching.models import (
    Alert,
    CandidateDecision,
    Exclusion,
    MatchingPass,
    Offer,
    OfferEvent,
    PolicyRollout,
    PolicyVersion,
    ServiceRules,
    ShadowRanking,
)
from matching.rules import FIELDS, faults_of, values_for, values_of
from matching.services import (
    alert_close_by_staff,
    job_assign_by_hand,
    job_exclude,
    job_story,
    job_transfer_by_hand,
    policy_version_add,
    rollout_end,
    rollout_start,
    service_rules_set,
    story_lines,
)


class TechnicianReasonForm(ReasonForm):
    technician_id = forms.UUIDField(label="Technician (id)")


def _exclude(job: Job, *, actor: Any, technician_id: UUID, reason: str) -> None:
    job_exclude(job_id=job.pk, technician_id=technician_id, actor=actor, reason=reason)


def _assign(job: Job, *, actor: Any, technician_id: UUID, reason: str) -> None:
    job_assign_by_hand(job_id=job.pk, technician_id=technician_id, actor=actor, reason=reason)


def _transfer(job: Job, *, actor: Any, technician_id: UUID, reason: str) -> None:
    job_transfer_by_hand(job_id=job.pk, technician_id=technician_id, actor=actor, reason=reason)


def _story(job: Job) -> Iterator[str]:
    return story_lines(job_story(job.pk))


add_panel(Job, "How it was matched", _story)
add_acts(
    Job,
    {
        "exclude": StaffAct("Keep a technician from it", _exclude, danger=True, form=TechnicianReasonForm),
        "assign": StaffAct("Give it by hand", _assign, form=TechnicianReasonForm),
        "transfer": StaffAct("Move it by hand", _transfer, danger=True, form=TechnicianReasonForm),
    },
)


class CandidateDecisionInline(ReadOnlyInline):
    model = CandidateDecision
    fields = ("rank", "technician", "passed", "score", "propensity", "distance_m", "was_offered", "terms", "verdicts")
    ordering = ("rank", "distance_m")


class ShadowRankingInline(ReadOnlyInline):
    model = ShadowRanking
    fields = ("version", "duration_ms", "failure", "order")
    ordering = ("id",)


class OfferEventInline(ReadOnlyInline):
    model = OfferEvent
    fields = ("at", "kind", "actor", "note")


@admin.register(MatchingPass)
class MatchingPassAdmin(ConsoleAdmin):
    list_display = (
        "job",
        "number",
        "outcome",
        "policy",
        "radius_m",
        "looked_at",
        "passed",
        "duration_ms",
        "started_at",
    )
    list_filter = ("outcome", "policy")
    list_select_related = ("job",)
    search_fields = ("job__id",)
    ordering = ("-started_at",)
    inlines = (CandidateDecisionInline, ShadowRankingInline)


@admin.register(Offer)
class OfferAdmin(ConsoleAdmin):
    list_display = ("id", "status", "job", "technician", "number", "created_at", "expires_at", "seen_at", "closed_at")
    list_filter = ("status", "source", "reject_reason")
    list_select_related = ("job", "technician")
    search_fields = ("job__id", "technician__user__email")
    ordering = ("-created_at", "-id")
    inlines = (OfferEventInline,)


@admin.register(Exclusion)
class ExclusionAdmin(ConsoleAdmin):
    list_display = ("job", "technician", "reason", "created_by", "created_at")
    list_select_related = ("job", "technician__user", "created_by")
    search_fields = ("job__id", "technician__user__email")
    ordering = ("-created_at", "-id")


# Alerts and rules


def _close_alert(alert: Alert, *, actor: Any, reason: str) -> None:
    alert_close_by_staff(alert_id=alert.pk, actor=actor, reason=reason)


@admin.register(Alert)
class AlertAdmin(ConsoleAdmin):
    list_display = ("kind", "subject", "job", "service", "opened_at", "closed_at")
    list_filter = ("kind", ("closed_at", admin.EmptyFieldListFilter))
    list_select_related = ("job", "service")
    search_fields = ("subject",)
    ordering = ("-opened_at", "-id")
    acts = {"close": StaffAct("Put away", _close_alert)}


class RulesForm(ReasonForm):
    """Every rule of a service; what is left empty is as the settings say."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.update(forms.fields_for_model(ServiceRules, FIELDS))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name, texts in faults_of({name: given.get(name) for name in FIELDS}).items():
            self.add_error(name, texts)
        return given


def _set_rules(service: Service, *, actor: Any, reason: str, **values: Any) -> None:
    service_rules_set(service_id=service.pk, values=values, actor=actor, reason=reason)


def _change_rules(rules: ServiceRules, *, actor: Any, reason: str, **values: Any) -> None:
    service_rules_set(service_id=rules.service_id, values=values, actor=actor, reason=reason)


def _rules_of(service: Service) -> dict[str, Any]:
    return values_for(service.pk)


add_acts(Service, {"rules": StaffAct("Set how it is matched", _set_rules, form=RulesForm, initial=_rules_of)})


@admin.register(ServiceRules)
class ServiceRulesAdmin(ConsoleAdmin):
    list_display = ("service", "offer_timeout_s", "search_radius_m", "search_radius_max_m", "max_offers_per_job")
    list_select_related = ("service",)
    ordering = ("service__name", "id")
    acts = {"change": StaffAct("Change", _change_rules, form=RulesForm, initial=values_of)}


# Policies


class VersionForm(ReasonForm):
    params = forms.JSONField(help_text="Every parameter of the policy, by name.")
    note = forms.CharField(max_length=1000, required=False)


class RolloutForm(ReasonForm):
    mode = forms.ChoiceField(choices=RolloutMode.choices)
    percent = forms.IntegerField(initial=100, help_text="Of the jobs, where the mode is a share.")
    service_id = forms.UUIDField(label="Service (id)", required=False, help_text="Empty: all services.")


def _add_version(version: PolicyVersion, *, actor: Any, params: Any, note: str, reason: str) -> None:
    if not isinstance(params, dict):
        raise Invalid(params=["Give an object: a number for each parameter."])
    policy_version_add(key=version.key, params=params, actor=actor, reason=reason, note=note)


def _start_rollout(
    version: PolicyVersion, *, actor: Any, mode: str, percent: int, service_id: UUID | None, reason: str
) -> None:
    rollout_start(
        version_id=version.pk,
        mode=RolloutMode(mode),
        actor=actor,
        reason=reason,
        service_id=service_id,
        percent=percent,
    )


def _end_rollout(rollout: PolicyRollout, *, actor: Any, reason: str) -> None:
    rollout_end(rollout_id=rollout.pk, actor=actor, reason=reason)


@admin.register(PolicyVersion)
class PolicyVersionAdmin(ConsoleAdmin):
    list_display = ("key", "version", "note", "created_by", "created_at")
    list_filter = ("key",)
    list_select_related = ("created_by",)
    search_fields = ("version", "note")
    ordering = ("-created_at", "-id")
    acts = {
        "add": StaffAct("Add one with other parameters", _add_version, form=VersionForm),
        "start": StaffAct("Begin to use it", _start_rollout, form=RolloutForm),
    }


@admin.register(PolicyRollout)
class PolicyRolloutAdmin(ConsoleAdmin):
    list_display = ("version", "mode", "percent", "service", "started_at", "indexed_at", "ended_at")
    list_filter = ("mode", ("ended_at", admin.EmptyFieldListFilter))
    list_select_related = ("version", "service")
    ordering = ("-started_at", "-id")
    acts = {"end": StaffAct("End it", _end_rollout, danger=True)}
