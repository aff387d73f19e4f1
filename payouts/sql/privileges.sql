-- What is kept of a bank's answer is never rewritten but for its outcome; attempts keep what they tried.
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_bankline FROM {application};
GRANT UPDATE (outcome, applied_at) ON payouts_bankline TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_attempt FROM {application};
GRANT UPDATE (state, reason, answered_at, booking_reference) ON payouts_attempt TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_cancelledpayout FROM {application};
REVOKE UPDATE, TRUNCATE ON payouts_refund FROM {application};
-- Who prepared a release stays as written, and nothing that is owed or was delivered is forgotten.
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_release FROM {application};
GRANT UPDATE (state, approved_by_id, approved_at, payouts, total_minor, file_sha256, sent_at, file_destroyed_at,
              settled_at) ON payouts_release TO {application};
REVOKE DELETE, TRUNCATE ON payouts_gift, payouts_collection, payouts_bankfile FROM {application};
-- Tallies are written by triggers alone; a decision is only ever approved.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON payouts_tally FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_resolution FROM {application};
GRANT UPDATE (approved_by_id, approved_at) ON payouts_resolution TO {application};
-- Stock changes with a reason: moves are added, and a trigger writes what is there. A picture and an e-code stay what
-- they are; who has a gift, and of which program, never changes.
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_stockmove, payouts_picture FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_offer, payouts_ecode FROM {application};
GRANT UPDATE (position, name, name_zh, about, about_zh, picture_id, cost_minor, at_dealer, by_post, by_code,
              substitute_id, active, reserved) ON payouts_offer TO {application};
GRANT UPDATE (epoch_id, code_key, gift_id) ON payouts_ecode TO {application};
REVOKE UPDATE ON payouts_gift FROM {application};
GRANT UPDATE (state, since, offer_id, way, dealer_id, choice, tracking) ON payouts_gift TO {application};
