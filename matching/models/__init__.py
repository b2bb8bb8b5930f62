"""The tables of matching, by subject."""

from matching.models.offers import Offer, OfferEvent
from matching.models.passes import CandidateDecision, MatchingPass
from matching.models.policies import PolicyRollout, PolicyVersion, ShadowRanking
from matching.models.staff import Alert, Exclusion, ServiceRules, ServiceRulesState

__all__ = [
    "Alert",
    "CandidateDecision",
    "Exclusion",
    "MatchingPass",
    "Offer",
    "OfferEvent",
    "PolicyRollout",
    "PolicyVersion",
    "ServiceRules",
    "ServiceRulesState",
    "ShadowRanking",
]
