from rest_framework.routers import SimpleRouter

from matching.api.alerts import StaffAlertViewSet
from matching.api.explain import MyMatchingViewSet
from matching.api.policies import StaffPolicyViewSet, StaffRolloutViewSet
from matching.api.rules import StaffServiceRulesViewSet
from matching.api.search import JobSearchViewSet
from matching.api.staff import StaffJobViewSet
from matching.api.views import JobMatchingViewSet, OfferViewSet

router = SimpleRouter(trailing_slash=False)
router.register("offers", OfferViewSet, basename="offer")
router.register("technicians", MyMatchingViewSet, basename="my-matching")
router.register("jobs", JobMatchingViewSet, basename="job-matching")
router.register("jobs", JobSearchViewSet, basename="job-search")
router.register("admin/jobs", StaffJobViewSet, basename="staff-job")
router.register("admin/alerts", StaffAlertViewSet, basename="staff-alert")
router.register("admin/services", StaffServiceRulesViewSet, basename="staff-service-rules")
router.register("admin/policies", StaffPolicyViewSet, basename="staff-policy")
router.register("admin/policies/rollouts", StaffRolloutViewSet, basename="staff-rollout")

urlpatterns = router.urls
