"""What the database refuses on the offers' table, and what matching adds to an account's life."""

from accounts.hooks import ExportPart, erased_by, exported_as
from fixmate.core.casefiles import case_told_by
from fixmate.core.db_errors import refuse
from matching.answers import offers_count
from matching.case import PARTS
from matching.errors import OfferClosed
from matching.models import CandidateDecision, MatchingPass, Offer
from matching.services.erasure import offer_erase_notes
from matching.services.rank_index import ranker_in_index
from matching.words import decision_told, place_told
from technicians import ranking
from technicians.hooks import figures_told_by

refuse(OfferClosed, "offer_one_live_per_job", "UNIQUE constraint failed: matching_offer.job_id")

ranking.register(ranker_in_index)
figures_told_by(offers_count, "offers_received", "offers_decided", "offers_accepted", "jobs_assigned")

erased_by(offer_erase_notes)
exported_as(
    ExportPart(
        "offers",
        "Offers you got, and what became of them.",
        (
            "id",
            "job_id",
            "status",
            "source",
            "created_at",
            "expires_at",
            "seen_at",
            "closed_at",
            "reject_reason",
            "reject_note",
            "distance_m",
            "eta_min",
            "amount_minor",
            "technician_earnings_minor",
            "currency",
        ),
        lambda user: Offer.objects.filter(technician__user=user),
        place_told,
    ),
    ExportPart(
        "matching_decisions",
        "Automated decisions about you: each time you were considered for a job, which rules you passed or failed with "
        "the values compared, the terms of your score, your rank, and whether you got the offer.",
        (
            "matching_pass__job_id",
            "matching_pass__started_at",
            "matching_pass__policy",
            "matching_pass__policy_version",
            "passed",
            "verdicts",
            "distance_m",
            "eta_min",
            "terms",
            "score",
            "rank",
            "propensity",
            "was_offered",
        ),
        lambda user: CandidateDecision.objects.filter(technician__user=user),
        decision_told,
    ),
    ExportPart(
        "matching_passes",
        "Automated searches for a technician for your jobs.",
        ("job_id", "number", "started_at", "policy", "policy_version", "radius_m", "looked_at", "passed", "outcome"),
        lambda user: MatchingPass.objects.filter(job__customer=user),
    ),
)
case_told_by(*PARTS)
