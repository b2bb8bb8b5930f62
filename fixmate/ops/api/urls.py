from django.urls import include, path
from rest_framework.routers import SimpleRouter

from fixmate.ops.api.audit import AuditLogViewSet
from fixmate.ops.api.people import StaffUserDetailViewSet
from fixmate.ops.api.stats import StatsViewSet
from fixmate.ops.api.views import AliveView, DocsView, MetricsView, ReadyView, RedocView, RootView, SchemaView

router = SimpleRouter(trailing_slash=False)
router.register("admin/users", StaffUserDetailViewSet, basename="admin-user-detail")
router.register("admin/audit-log", AuditLogViewSet, basename="admin-audit-log")
router.register("admin", StatsViewSet, basename="admin")

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("healthz", AliveView.as_view(), name="healthz"),
    path("health", AliveView.as_view(), name="health"),
    path("readyz", ReadyView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("docs", DocsView.as_view(), name="docs"),
    path("redoc", RedocView.as_view(), name="redoc"),
    path("api/v1/schema", SchemaView.as_view(), name="schema"),
    path("api/v1/", include(router.urls)),
]
