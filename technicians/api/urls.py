from rest_framework.routers import SimpleRouter

from technicians.api.staff_views import StaffDocumentViewSet, StaffTechnicianViewSet
from technicians.api.views import MyDocumentViewSet, MyProfileViewSet, MyTimeOffViewSet, TechnicianViewSet

router = SimpleRouter(trailing_slash=False)
router.register("technicians/me/documents", MyDocumentViewSet, basename="my-document")
router.register("technicians/me/time-off", MyTimeOffViewSet, basename="my-time-off")
router.register("technicians", MyProfileViewSet, basename="my-profile")
router.register("technicians", TechnicianViewSet, basename="technician")
router.register("admin/technicians", StaffTechnicianViewSet, basename="staff-technician")
router.register("admin/documents", StaffDocumentViewSet, basename="staff-document")

urlpatterns = router.urls
