"""The REST API and its schema."""

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.SessionJWTAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["fixmate.core.api.permissions.IsVerified"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["fixmate.core.api.parsers.StrictJSONParser"],
    "DEFAULT_PAGINATION_CLASS": "fixmate.core.api.pagination.KeysetPagination",
    "DEFAULT_FILTER_BACKENDS": ["fixmate.core.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "fixmate.core.api.schema.FixMateSchema",
    "EXCEPTION_HANDLER": "fixmate.core.api.envelope.exception_handler",
    "PAGE_SIZE": 10,
    "COERCE_DECIMAL_TO_STRING": True,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "FixMate API",
    "VERSION": "1.0.0",
    "DESCRIPTION": "On-demand home repair: request a job, have a verified technician found, see it through.",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "POSTPROCESSING_HOOKS": ["drf_spectacular.hooks.postprocess_schema_enums"],
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "jobs.enums.JobStatus",
        "OfferStatus": "matching.enums.OfferStatus",
        "PaymentStatus": "payments.enums.PaymentStatus",
        "DisputeCategory": "disputes.enums.DisputeCategory",
        "DisputeOutcome": "disputes.enums.DisputeOutcome",
        "PaymentPurpose": "payments.enums.PaymentPurpose",
        "UploadPurpose": "fixmate.core.enums.UploadPurpose",
        "DisputeStatus": "disputes.enums.DisputeStatus",
        "DocumentKind": "technicians.enums.DocumentKind",
        "DocumentStatus": "technicians.enums.DocumentStatus",
        "Verification": "technicians.enums.Verification",
        "Role": "accounts.enums.Role",
        "UserStatus": "accounts.enums.UserStatus",
    },
}
MAX_BODY_BYTES = 1_000_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 6_000_000
UPLOAD_MAX_BYTES = 5 * 1024 * 1024
