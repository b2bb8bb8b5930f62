from django.urls import path

from fixmate.ops.api.views import AliveView, DocsView, MetricsView, ReadyView, RedocView, RootView, SchemaView

urlpatterns = [
    path("", RootView.as_view(), name="root"),
    path("healthz", AliveView.as_view(), name="healthz"),
    path("health", AliveView.as_view(), name="health"),
    path("readyz", ReadyView.as_view(), name="readyz"),
    path("metrics", MetricsView.as_view(), name="metrics"),
    path("docs", DocsView.as_view(), name="docs"),
    path("redoc", RedocView.as_view(), name="redoc"),
    path("api/v1/schema", SchemaView.as_view(), name="schema"),
]
