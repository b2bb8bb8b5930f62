from rest_framework.routers import SimpleRouter

from reviews.api.staff import StaffReviewViewSet
from reviews.api.views import JobReviewViewSet, ReviewViewSet, TechnicianReviewViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("reviews", ReviewViewSet, basename="review")
router.register("technicians/<uuid:pk>/reviews", TechnicianReviewViewSet, basename="technician-review")
router.register("jobs", JobReviewViewSet, basename="job-review")
router.register("admin/reviews", StaffReviewViewSet, basename="admin-review")
urlpatterns = router.urls
