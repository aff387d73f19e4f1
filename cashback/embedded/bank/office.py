"""The bank's work: read orders, decide, book, return, write. `step` does what is due and may be killed anywhere."""

from collections.abc import Callable, Iterable
from itertools import groupby
from pathlib import Path

from cashback.embedded.bank import letters
from cashback.embedded.bank.fates import booking_reference, chance_of, fate_of
from cashback.embedded.bank.ledger import Known, Ledger
from cashback.embedded.bank.letters import Booking, Head, Status
from cashback.embedded.bank.options import Options
from cashback.embedded.bank.orders import NotAnOrder, Order, Payment, read_order
from cashback.embedded.bank.post import Post

DISORDER_SECONDS = 2.0  # how much later than the booking a status report out of order comes
BATCH_SHARE = 0.5  # of the messages, booked as one batch entry


def silent(boundary: str) -> None:
    """A boundary passed without being noticed."""


class Office:
    """One bank. `boundary` is told each place where a kill leaves something half done; tests end it there."""

    def __init__(
        self, options: Options, say: Callable[[str], object], boundary: Callable[[str], object] = silent
    ) -> None:
        self._options = options
        self._say = say
        self._boundary = boundary
        self._post = Post(options)
        self._ledger = Ledger(options.dir / "ledger.sqlite")

    def close(self) -> None:
        """Let go of the ledger."""
        self._ledger.close()

    def step(self, now: float) -> None:
        """Do all that is due at `now` (seconds since 1970)."""
        for path in self._post.pick_up():
            self._boundary("picked up")
            if not self._ledger.has_read(path.name):
                self._read(path, now)
            self._boundary("recorded")
            path.unlink()
            self._boundary("forgotten")
        self._book(now)
        self._return(now)
        self._boundary("booked")
        if self._post.can_write_to_customer():
            for number, name, body in self._ledger.letters_due(now):
                self._post.deliver(name, body)
                self._boundary("delivered")
                self._ledger.letter_delivered(number, now)
                self._boundary("known to be delivered")

    def _read(self, path: Path, now: float) -> None:
        content = self._post.open(path)
        try:
            order = None if content is None else read_order(content)
        except NotAnOrder:
            order = None
        with self._ledger.transaction():
            if order is None:
                self._ledger.keep_refused_file(path.name)
                self._say("a file that nobody could be answered about: not for us, or no order")
            elif self._ledger.knows_message(order.message_id):
                self._ledger.keep_refused_file(path.name)
                self._write(now, now, lambda name: letters.refusal(name, now, _head(order), "DU01"), "pain002")
                self._say(f"{order.message_id}: seen before, nothing done")
            else:
                self._take_on(path.name, order, now)

    def _take_on(self, received_as: str, order: Order, now: float) -> None:
        head = _head(order)
        self._ledger.keep_message(received_as, head)
        if order.fault is not None:
            fault = order.fault
            self._write(now, now, lambda name: letters.refusal(name, now, head, fault), "pain002")
            self._say(f"{order.message_id}: refused whole, {fault}")
            return
        statuses = [self._decide(order.message_id, payment, now) for payment in order.payments]
        late = chance_of(self._options.seed, "disorder", order.message_id) < self._options.disorder
        due_at = now + (self._options.book_seconds + DISORDER_SECONDS if late else 0)
        self._write(now, due_at, lambda name: letters.status_report(name, now, head, statuses), "pain002")
        refused = sum(status.status == "RJCT" for status in statuses)
        self._say(f"{order.message_id}: {len(statuses)} payments, {refused} refused")

    def _decide(self, message_id: str, payment: Payment, now: float) -> Status:
        fate = fate_of(payment, self._options)
        wait = self._options.delay_seconds if fate.outcome == "delayed" else self._options.book_seconds
        known = Known(
            end_to_end_id=payment.end_to_end_id,
            message_id=message_id,
            amount=payment.amount,
            currency=payment.currency,
            outcome=fate.outcome,
            reason=fate.reason,
            book_at=None if fate.outcome == "refused" else now + wait,
        )
        if not self._ledger.keep_payment(known):
            return Status(payment.end_to_end_id, "RJCT", "DU04", payment.amount, payment.currency)
        status = {"refused": "RJCT", "delayed": "PDNG"}.get(fate.outcome, "ACSP")
        reason = fate.reason if fate.outcome == "refused" else None
        return Status(payment.end_to_end_id, status, reason, payment.amount, payment.currency)

    def _book(self, now: float) -> None:
        with self._ledger.transaction():
            for head, payments in self._by_message(self._ledger.due_to_book(now)):
                bookings = []
                for payment in payments:
                    reference = booking_reference(self._options.seed, "BK", payment.end_to_end_id)
                    self._ledger.book(reference, payment.end_to_end_id, "debit", now)
                    bookings.append(Booking(payment.end_to_end_id, payment.amount, payment.currency, reference))
                pending = [payment for payment in payments if payment.outcome == "delayed"]
                if pending:
                    self._write_acceptance(now, head, pending)
                self._write_notice(now, head, bookings)

    def _return(self, now: float) -> None:
        with self._ledger.transaction():
            due = self._ledger.due_to_return(now - self._options.return_seconds)
            for head, payments in self._by_message(due):
                bookings = []
                for payment in payments:
                    reference = booking_reference(self._options.seed, "RT", payment.end_to_end_id)
                    self._ledger.book(reference, payment.end_to_end_id, "return", now)
                    bookings.append(
                        Booking(payment.end_to_end_id, payment.amount, payment.currency, reference, payment.reason)
                    )
                self._write_notice(now, head, bookings)

    def _by_message(self, payments: Iterable[Known]) -> list[tuple[Head, list[Known]]]:
        groups = groupby(payments, key=lambda payment: payment.message_id)
        return [(self._ledger.head(message_id), list(group)) for message_id, group in groups]

    def _write_acceptance(self, now: float, head: Head, payments: list[Known]) -> None:
        statuses = [
            Status(payment.end_to_end_id, "ACSP", None, payment.amount, payment.currency) for payment in payments
        ]
        self._write(now, now, lambda name: letters.status_report(name, now, head, statuses), "pain002")

    def _write_notice(self, now: float, head: Head, bookings: list[Booking]) -> None:
        one_currency = len({booking.currency for booking in bookings}) == 1
        as_batch = one_currency and chance_of(self._options.seed, "batch", head.message_id) < BATCH_SHARE
        self._write(now, now, lambda name: letters.notice(name, now, head, bookings, as_batch=as_batch), "camt054")
        self._say(f"{head.message_id}: {len(bookings)} {'returned' if bookings[0].reason else 'booked'}")

    def _write(self, now: float, due_at: float, compose: Callable[[str], bytes], kind: str) -> None:
        """Put a letter into the ledger, sometimes two with the same text. Names sort by the time they are due."""
        number = self._ledger.next_letter_number()
        letter_id = f"{kind.upper()}-{number:09d}"
        body = compose(letter_id)
        name = f"{int(due_at * 1000):014d}-{number:09d}-{kind}"
        self._ledger.keep_letter(f"{name}.xml.age", due_at, body)
        if chance_of(self._options.seed, "duplicate", letter_id) < self._options.duplicate:
            self._ledger.keep_letter(f"{name}-again.xml.age", due_at, body)


def _head(order: Order) -> Head:
    return Head(order.message_id, order.message_name, order.payment_block, order.debtor_account)
