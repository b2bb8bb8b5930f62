from fixmate.core.errors import Conflict


class TechnicianNotVerified(Conflict):
    code, message = "TECHNICIAN_NOT_VERIFIED", "Your profile has to be approved first."


class ProfileIncomplete(Conflict):
    code, message = "PROFILE_INCOMPLETE", "Apply with skills, base and radius first."


class DocumentsMissing(Conflict):
    """Details: `kinds`, the required kinds without an approved, unexpired document."""

    code, message = "DOCUMENTS_MISSING", "Required documents have not been approved."


class DocumentOutOfDate(Conflict):
    code, message = "DOCUMENT_OUT_OF_DATE", "The document's last day has passed."


class TierUnchanged(Conflict):
    code, message = "TIER_UNCHANGED", "The technician has this tier already."
