class DeliveryError(Exception):
    """A channel did not take the message; a permanent refusal is never tried again."""

    def __init__(self, text: str, *, is_permanent: bool = False) -> None:
        self.is_permanent = is_permanent
        super().__init__(text)
