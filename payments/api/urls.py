from rest_framework.routers import SimpleRouter

from payments.api.views import EarningsViewSet, PaymentViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("payments", PaymentViewSet, basename="payment")
router.register("technicians", EarningsViewSet, basename="earnings")
urlpatterns = router.urls
