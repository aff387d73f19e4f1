"""Pictures of the catalogue: decoded, made small and written anew, so that nothing but the image stays."""

import hashlib
import io
import warnings

from django.utils.translation import gettext as _
from PIL import Image, ImageOps, UnidentifiedImageError

from cashback.lib.errors import InvalidDetails
from payouts.models import Picture
from payouts.queries import source

UPLOAD_MAX = 8_000_000  # bytes
PIXELS_MAX = 40_000_000  # of an upload: a camera's, and no picture that unpacks to gigabytes
EDGE_MAX = 800  # pixels, of what is kept
FORMATS = ("JPEG", "PNG", "WEBP")
QUALITY = 82

_SQL = source("catalogue")


def put_picture(*, content: bytes) -> Picture:
    """Keep an uploaded picture as WebP; the same picture twice is one row. Raises InvalidDetails (`picture`)."""
    if len(content) > UPLOAD_MAX:
        raise InvalidDetails({"picture": [_("The picture is too large.")]})
    image = _decoded(content)
    image.thumbnail((EDGE_MAX, EDGE_MAX))
    out = io.BytesIO()
    image.save(out, "WEBP", quality=QUALITY, method=6)
    kept = out.getvalue()
    sha256 = hashlib.sha256(kept).hexdigest()
    _SQL.run("put_picture", sha256=sha256, content=kept, width=image.width, height=image.height)
    return Picture.objects.get(pk=sha256)


def _decoded(content: bytes) -> Image.Image:
    """The pixels alone, upright: a new image without the metadata of the old one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=FORMATS) as opened:
                if opened.width * opened.height > PIXELS_MAX:
                    raise InvalidDetails({"picture": [_("The picture is too large.")]})
                opened.load()
                upright = ImageOps.exif_transpose(opened)
                mode = "RGBA" if upright.has_transparency_data else "RGB"
                plain = Image.new(mode, upright.size)
                plain.paste(upright.convert(mode))
                return plain
    except InvalidDetails:
        raise
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError, Warning):
        # What Pillow raises of files that are no pictures, or broken ones.
        raise InvalidDetails({"picture": [_("This is not a picture in JPEG, PNG or WebP.")]}) from None
