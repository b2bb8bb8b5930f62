from django.urls import path
from rest_framework.routers import SimpleRouter

from payments.api.payout_accounts import PayoutAccountViewSet
from payments.api.staff import StaffChargebackViewSet, StaffPaymentViewSet, StaffPayoutViewSet, StaffRefundViewSet
from payments.api.technicians import EarningsViewSet, PayoutViewSet
from payments.api.views import PaymentViewSet
from payments.api.webhooks import WebhookView

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("payments", PaymentViewSet, basename="payment")
router.register("technicians/me/payouts", PayoutViewSet, basename="payout")
router.register("technicians", EarningsViewSet, basename="earnings")
router.register("admin/payments", StaffPaymentViewSet, basename="staff-payment")
router.register("technicians", PayoutAccountViewSet, basename="payout-account")
router.register("admin/refunds", StaffRefundViewSet, basename="staff-refund")
router.register("admin/payouts", StaffPayoutViewSet, basename="staff-payout")
router.register("admin/chargebacks", StaffChargebackViewSet, basename="staff-chargeback")
urlpatterns = [path("payments/webhooks/<slug:provider>", WebhookView.as_view(), name="webhook"), *router.urls]
