"""Places at which a test may end the process, as a cut cable would: no clean-up, no rollback, no goodbye."""

import os

KILLED = 137
_SET = frozenset({"1", "true", "yes", "on"})


def failpoint(name: str) -> None:
    """End the process here if FAILPOINT names this place; of a production's processes it never does.

    `FAILPOINT=pass.after_places` with DEMO set, or in a test.
    """
    if os.environ.get("FAILPOINT") == name and _allowed():
        os._exit(KILLED)


def _allowed() -> bool:
    return os.environ.get("DEMO", "").lower() in _SET or "PYTEST_CURRENT_TEST" in os.environ
