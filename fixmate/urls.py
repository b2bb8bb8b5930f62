"""Every address there is. A path does not choose the app: each app brings its own part of `/api/v1`."""

from django.contrib import admin
from django.urls import include, path

API_APPS = [
    "fixmate.core",
    "accounts",
    "catalog",
    "technicians",
    "jobs",
    "matching",
    "payments",
    "reviews",
    "disputes",
    "notifications",
]

admin.autodiscover()

urlpatterns = [
    path("", include("fixmate.ops.api.urls")),
    path("admin/", admin.site.urls),
    *(path("api/v1/", include(f"{app}.api.urls")) for app in API_APPS),
]

handler400 = "fixmate.core.api.envelope.bad_request"
handler403 = "fixmate.core.api.envelope.forbidden"
handler404 = "fixmate.core.api.envelope.not_found"
handler500 = "fixmate.core.api.envelope.server_error"
