"""A signed erasure, for people: what it says, and how to check it."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from cashback.lib.crypto.signatures import erasure_lines, verify_lines
from cashback.web import words
from queueing.models import Erasure, SigningKey
from queueing.words import ERASED_BECAUSE, ERASED_PARTS


@require_safe
def erasure(request: HttpRequest, erasure_id: int) -> HttpResponse:
    """The row, its signature, and whether it holds."""
    found = Erasure.objects.filter(pk=erasure_id).first() if erasure_id < 2**63 else None
    if found is None:
        raise Http404
    context = {
        "erasure": found,
        "what": words.plain(ERASED_PARTS, found.what),
        "why": words.plain(ERASED_BECAUSE, found.why),
        "lines": _lines(found),
        "verified": _verified(found),
    }
    response = render(request, "web/erasure.html", context)
    response.headers["X-Robots-Tag"] = "noindex"
    return response


def _lines(found: Erasure) -> list[str]:
    if not found.signing_key_id:
        return []
    return erasure_lines(
        key_id=found.signing_key_id,
        erasure_id=str(found.pk),
        at=found.at,
        what=found.what,
        why=found.why,
        backups_until=found.backups_until,
    )


def _verified(found: Erasure) -> bool | None:
    """None until the signer has been round."""
    if not found.signature:
        return None
    key = SigningKey.objects.get(pk=found.signing_key_id)
    return verify_lines(bytes.fromhex(key.public_key), _lines(found), found.signature)
