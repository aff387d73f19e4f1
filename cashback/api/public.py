"""For everybody: programs and their numbers, erasures and the keys that they are signed with."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cards import selectors as cards
from cashback.api import documents
from cashback.api.draw_states import states_by_program
from cashback.api.problems import NotFound
from cashback.api.views import ApiView, cut, linked, page
from payouts import selectors
from queueing.models import Erasure, SigningKey

PAGING = [
    OpenApiParameter("cursor", str, description="From the Link header of the page before."),
    OpenApiParameter("limit", int, description="1 to 100; 50 if not given."),
]
ID_DIGITS_MAX = 18


class Programs(ApiView):
    """Programs."""

    @extend_schema(
        operation_id="programs",
        parameters=PAGING,
        responses={200: documents.ProgramOut(many=True), **documents.problems(400)},
    )
    def get(self, request: Request) -> Response:
        """List every program that was ever published, with its numbers."""
        found, more = cut(request, cards.public_programs())
        numbers = {row.code: row for row in selectors.programs_numbers([row.pk for row in found], timezone.now())}
        draws = states_by_program([row.pk for row in found])
        shown = [_shown(numbers[program.code], draws.get(program.code, [])) for program in found]
        return linked(request, documents.ProgramOut(shown, many=True).data, more)


class ProgramNumbers(ApiView):
    """One program."""

    @extend_schema(operation_id="program", responses={200: documents.ProgramOut, **documents.problems(404)})
    def get(self, _request: Request, code: str) -> Response:
        """Read a program's public numbers."""
        program = cards.public_programs().filter(code=code).first() if code.isprintable() else None
        if program is None:
            raise NotFound
        numbers = selectors.program_numbers(program, timezone.now())
        draws = states_by_program([program.pk]).get(program.code, [])
        return Response(documents.ProgramOut(_shown(numbers, draws)).data)


class ErasureView(ApiView):
    """A signed erasure."""

    @extend_schema(operation_id="erasure", responses={200: documents.ErasureOut, **documents.problems(404)})
    def get(self, _request: Request, erasure: str) -> Response:
        """Read the signed row that proves a destruction. `signature` is empty until the signer has been round."""
        if not erasure.isascii() or not erasure.isdigit() or len(erasure) > ID_DIGITS_MAX:
            raise NotFound
        found = Erasure.objects.filter(pk=int(erasure)).first()
        if found is None:
            raise NotFound
        return Response(documents.ErasureOut(found).data)


class Keys(ApiView):
    """The site's public keys."""

    @extend_schema(
        operation_id="keys", parameters=PAGING, responses={200: documents.KeyOut(many=True), **documents.problems(400)}
    )
    def get(self, request: Request) -> Response:
        """List the public keys of receipts and erasures."""
        return page(request, SigningKey.objects.order_by("from_at"), documents.KeyOut)


def _shown(numbers: selectors.ProgramNumbers, draws: list[dict[str, str]]) -> dict[str, Any]:
    return {name: getattr(numbers, name) for name in numbers.__dataclass_fields__} | {"draws": draws}
