"""Small real files for uploads."""

from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n%%EOF\n"


def png(name="card.png"):
    out = BytesIO()
    Image.new("RGB", (4, 4), "#336699").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def pdf(name="licence.pdf"):
    return SimpleUploadedFile(name, PDF, "application/pdf")


def script():
    return SimpleUploadedFile("card.png", b"<script>alert(1)</script>", "image/png")
