"""Every column that could hold a person is declared here: personal, or why it is not.

A new free-form field fails until somebody has thought about it. Only HolderDetails and a bank's sealed file may hold
personal data of holders; staff's and dealers' own sign-ins are kept apart.
"""

from django.apps import apps
from django.conf import settings
from django.db import models

FREE_FORM = (models.CharField, models.TextField, models.BinaryField, models.JSONField, models.GenericIPAddressField)

# Holders' personal data, sealed under data keys of their own, and what only exists beside it.
PERSONAL = {
    "queueing.HolderDetails.payee": "the sealed payee",
    "queueing.HolderDetails.contact": "the sealed contact",
    "queueing.HolderDetails.delivery": "the sealed delivery of a gift",
    "queueing.HolderDetails.payee_key": "the wrapped key of the payee",
    "queueing.HolderDetails.contact_key": "the wrapped key of the contact",
    "queueing.HolderDetails.delivery_key": "the wrapped key of the delivery",
    "queueing.HolderDetails.payee_fingerprint": "a keyed digest of the account; dies with the row",
    "queueing.HolderDetails.request_digest": "a keyed digest of what was sent; dies with the row",
    "payouts.BankFile.content": "a bank's answer, sealed; destroyed once every line is settled",
    "payouts.BankFile.content_key": "the wrapped key of a bank's answer",
}
MAY_HOLD_PERSONAL_DATA = {"queueing.HolderDetails", "payouts.BankFile"}

# People who sign in: staff and dealers, never holders, who have no account.
STAFF = {
    "accounts.User.username": "chosen by staff",
    "accounts.User.password": "a slow hash",
    "accounts.User.first_name": "of staff",
    "accounts.User.last_name": "of staff",
    "accounts.User.email": "of staff",
}

NOT_PERSONAL = {
    "a code of the program, of ISO or of the bank": """
        ledger.Account.currency ledger.Transfer.currency ledger.Transfer.reference ledger.Movement.currency
        ledger.Movement.reference cards.WalletPayout.reference
        cards.Program.code cards.Program.currency cards.Program.terms_version cards.Dealer.code cards.Order.currency
        queueing.Registration.language queueing.Registration.terms_version queueing.HolderDetails.extended_for
        queueing.Erasure.what queueing.Erasure.why queueing.EndedAward.reason queueing.TimelineEvent.event
        payouts.Release.rail payouts.Release.message_id payouts.Release.currency
        payouts.PendingPayout.source payouts.PendingPayout.currency payouts.PendingPayout.reason
        payouts.Refund.source payouts.Refund.currency payouts.Refund.end_to_end_id
        payouts.CancelledPayout.source payouts.CancelledPayout.currency payouts.CancelledPayout.reason
        payouts.Attempt.end_to_end_id payouts.Attempt.currency payouts.Attempt.reason payouts.Attempt.booking_reference
        payouts.BankFile.kind payouts.BankFile.message_id payouts.BankFile.reason
        payouts.BankLine.end_to_end_id payouts.BankLine.status payouts.BankLine.currency payouts.BankLine.reason
        payouts.BankLine.original_message_id payouts.BankLine.entry_reference payouts.BankLine.verdict
    """,
    "written by the organizer about a draw or a gift, for everybody to read": """
        lottery.PrizeCap.currency lottery.Draw.code lottery.Draw.name lottery.Draw.name_zh lottery.Draw.about
        lottery.Draw.about_zh lottery.Draw.end_reason lottery.Prize.name lottery.Prize.name_zh lottery.Figure.name
        lottery.Figure.source lottery.Figure.value lottery.Allotment.end_reason payouts.Offer.name
        payouts.Offer.name_zh payouts.Offer.about payouts.Offer.about_zh payouts.Picture.content
        payouts.StockMove.reference
    """,
    "a draw's secret, sealed until it is revealed, and what is published of a draw": """
        lottery.Draw.sealed_secret lottery.Draw.sealed_secret_key lottery.Draw.secret lottery.Piece.content
    """,
    "a shop's code, sealed until its holder reads it": """
        payouts.ECode.code payouts.ECode.code_key payouts.ECode.digest
    """,
    "a carrier's number of a parcel; emptied when the parcel is handed over": "payouts.Gift.tracking",
    "written by the organizer about a program or a dealer, a business": """
        cards.Program.name cards.Program.name_zh cards.Program.terms cards.Dealer.name
        cards.Dealer.address
        cards.Order.product_name cards.Order.product_specification cards.Lot.product_name
        cards.Lot.product_specification
    """,
    "a reason that two people wrote for everybody to read, naming nobody": "cards.Block.reason",
    "what two people rest a decision on, naming nobody": "payouts.Resolution.evidence",
    "a public key, a signature or the id of a key": """
        cards.Batch.pin_key_id cards.Batch.printer_key queueing.SigningKey.key_id queueing.SigningKey.public_key
        queueing.Registration.signature queueing.Erasure.signature lottery.Figure.beacon_signature
    """,
    "a digest of what no person can be told from": """
        cards.Batch.manifest_sha256 cards.Card.pin_digest queueing.Registration.receipt_digest
        queueing.Registration.leaf payouts.Release.file_sha256 payouts.BankFile.sha256 payouts.Picture.sha256
        lottery.Draw.commitment lottery.Draw.pool_hash lottery.Entry.leaf lottery.Excluded.leaf lottery.Result.leaf
    """,
    "sentences of the books' own checks, which name rows by number": "ledger.BooksCheck.breaches",
    "numbers of places and cycles up to which the books were checked": "ledger.BooksCheck.marks",
    "names and labels of machines, ids, versions and texts of programs": """
        centre.Station.name centre.Station.roll_call centre.Station.reported
        centre.Application.code centre.Application.name centre.Application.name_zh centre.Version.version
        centre.Version.bundle centre.Withdrawal.reason centre.Instruction.arguments centre.Errand.result
        centre.Errand.error_code centre.Errand.error_message centre.TurnedAway.code
        centre.Run.error_code centre.Run.error_message
    """,
    "figures that a public program computes with, without a holder; the input is forgotten after a day": """
        centre.Run.input centre.Run.files centre.Run.output
    """,
    "a station's key, and digests of its token, its password, bundles, inputs and reports": """
        centre.Station.token_digest centre.Station.broker_password_digest centre.Station.public_key
        centre.Version.sha256 centre.Version.word centre.Report.sha256 centre.Run.input_sha256
    """,
    "random": "queueing.Registration.nonce",
    "a keyed digest of a client's address or of a serial, kept for minutes": "queueing.AttemptCounter.key",
    "a file's name, made of a bank's codes, numbers and dates; gone with the content": "payouts.BankFile.name",
    "a repeated request's scope and body as keyed digests; its answer, which never repeats details": """
        api.IdempotencyRecord.scope api.IdempotencyRecord.body_digest api.IdempotencyRecord.answer
    """,
}
DECLARED_NOT_PERSONAL = {field: reason for reason, fields in NOT_PERSONAL.items() for field in fields.split()}


def our_models() -> list[type[models.Model]]:
    """The models of the apps in this tree."""
    return [
        model
        for config in apps.get_app_configs()
        if config.path.startswith(f"{settings.BASE_DIR}/") and ".venv" not in config.path
        for model in config.get_models(include_auto_created=True)
    ]


def free_form_fields() -> set[str]:
    """Columns whose values are not picked from a list: model and field."""
    return {
        f"{model._meta.label}.{field.name}"
        for model in our_models()
        for field in model._meta.local_fields
        if isinstance(field, FREE_FORM) and not field.choices
    }


def test_every_free_form_field_is_declared_personal_or_not_once() -> None:
    found = free_form_fields()
    declared = [*PERSONAL, *STAFF, *DECLARED_NOT_PERSONAL]
    assert found - set(declared) == set(), "declare these in this file: may a holder be told from them?"
    assert set(declared) - found == set(), "these fields are gone; drop them from this file"
    assert len(declared) == len(set(declared)), "declared twice"


def test_only_details_and_bank_files_hold_holders_personal_data() -> None:
    assert {field.rpartition(".")[0] for field in PERSONAL} == MAY_HOLD_PERSONAL_DATA


def test_personal_data_is_never_text_that_anybody_could_read() -> None:
    for name in PERSONAL:
        label, _, field = name.rpartition(".")
        assert isinstance(apps.get_model(label)._meta.get_field(field), models.BinaryField), name


def test_personal_data_is_in_no_index_in_clear_and_no_list_shows_a_holder() -> None:
    for name in PERSONAL:
        label, _, field = name.rpartition(".")
        for index in apps.get_model(label)._meta.indexes:
            assert field not in index.fields or field == "payee_fingerprint", name
