-- What is kept of a bank's answer is never rewritten but for its outcome; attempts keep what they tried.
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_bankline FROM {application};
GRANT UPDATE (outcome, applied_at) ON payouts_bankline TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_attempt FROM {application};
GRANT UPDATE (state, reason, answered_at, booking_reference) ON payouts_attempt TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_cancelledpayout FROM {application};
REVOKE UPDATE, TRUNCATE ON payouts_refund FROM {application};
-- Tallies are written by triggers alone; a decision is only ever approved.
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON payouts_tally FROM {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_resolution FROM {application};
GRANT UPDATE (approved_by_id, approved_at) ON payouts_resolution TO {application};
