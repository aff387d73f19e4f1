-- What is kept of a bank's answer is never rewritten but for its outcome; attempts keep what they tried.
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_bankline FROM {application};
GRANT UPDATE (outcome, applied_at) ON payouts_bankline TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_attempt FROM {application};
GRANT UPDATE (state, reason, answered_at) ON payouts_attempt TO {application};
REVOKE UPDATE, DELETE, TRUNCATE ON payouts_cancelledpayout FROM {application};
REVOKE UPDATE, TRUNCATE ON payouts_refund FROM {application};
