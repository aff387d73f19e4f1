"""Which draws a program has, for its numbers."""

from collections.abc import Iterable

from lottery.models import PUBLIC_STATES, Draw


def states_by_program(program_ids: Iterable[int]) -> dict[str, list[dict[str, str]]]:
    """The announced draws of some programs, by the program's code, the oldest first."""
    found = Draw.objects.filter(program__in=list(program_ids), state__in=PUBLIC_STATES).order_by("pk")
    by_program: dict[str, list[dict[str, str]]] = {}
    for program, code, state in found.values_list("program__code", "code", "state"):
        by_program.setdefault(program, []).append({"id": code, "state": state})
    return by_program
