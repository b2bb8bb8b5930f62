"""Files as people, and those who mean harm, send them."""

import zlib
from io import BytesIO

from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

GPS_IFD, ORIENTATION, TURNED = 0x8825, 0x0112, 6


def picture(image_format: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (16, 8), **options) -> bytes:
    out = BytesIO()
    Image.new(mode, size, 0).save(out, image_format, **options)
    return out.getvalue()


def with_position() -> Image.Exif:
    """Return EXIF that turns the picture and says where it was taken."""
    exif = Image.Exif()
    exif[ORIENTATION] = TURNED
    exif[GPS_IFD] = {1: "N", 2: (42.0, 21.0, 36.0), 3: "W", 4: (71.0, 3.0, 32.0)}
    return exif


def animated_webp() -> bytes:
    out = BytesIO()
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "green", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=100)
    return out.getvalue()


def see_through_palette_png() -> bytes:
    out = BytesIO()
    image = Image.new("P", (4, 4), 1)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.save(out, "PNG", transparency=1)
    return out.getvalue()


def png_that_says_it_is(width: int, height: int) -> bytes:
    """Return a small PNG whose header announces another size."""
    content = bytearray(picture("PNG"))
    content[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    content[29:33] = zlib.crc32(bytes(content[12:29])).to_bytes(4, "big")
    return bytes(content)


def pdf(*objects: bytes) -> bytes:
    return b"%PDF-1.7\n" + b"\n".join(objects) + b"\ntrailer <</Root 1 0 R>>\n%%EOF\n"


def object_stream(content: bytes, *, entries: bytes = b"/Filter /FlateDecode", name: bytes = b"/ObjStm") -> bytes:
    head = b"5 0 obj <</Type " + name + b" /N 1 /First 4 " + entries + b">>"
    return head + b"stream\r\n" + content + b"\nendstream endobj"


def sent(content: bytes, name: str = "photo.jpg", content_type: str = "image/jpeg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type)
