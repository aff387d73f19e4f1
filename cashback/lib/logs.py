"""What the logs must not say. Django names the address of every refused request, and people paste anything there."""

import logging

UNKNOWN = "an address that is not ours"


class RouteForPath(logging.Filter):
    """Writes the pattern that an address matched in place of the address: it may hold a receipt, a name, an account."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record's arguments; every record is let through."""
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path is not None and isinstance(record.args, tuple):
            match = getattr(request, "resolver_match", None)
            route = f"/{match.route}" if match else UNKNOWN
            record.args = tuple(route if argument == path else argument for argument in record.args)
        return True
