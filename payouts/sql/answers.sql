-- name: waiting_lines
-- Lines that have not been applied, in the order in which they came, with the attempts they name.
SELECT line.id, line.end_to_end_id, line.original_message_id, line.verdict, line.amount_minor, line.currency,
       line.reason, line.entry_reference, attempt.id
  FROM payouts_bankline AS line
  LEFT JOIN payouts_attempt AS attempt ON attempt.end_to_end_id = line.end_to_end_id AND line.end_to_end_id <> ''
 WHERE line.outcome = 'waiting' AND line.id > %(after)s
 ORDER BY line.id LIMIT %(lines_max)s;

-- name: attempts_by_reference
-- Where some attempts stand now.
SELECT id, state, reason, amount_minor, currency, booking_reference FROM payouts_attempt WHERE id = ANY(%(attempts)s);

-- name: attempts_of_message
-- The attempts of a whole payment file that wait for an answer.
SELECT attempt.id FROM payouts_release AS release JOIN payouts_attempt AS attempt ON attempt.release_id = release.id
 WHERE release.message_id = %(message)s AND attempt.state IN ('sent', 'accepted') ORDER BY attempt.id;

-- name: write_outcomes
-- What came of the lines.
UPDATE payouts_bankline AS line SET outcome = told.outcome, applied_at = %(now)s
  FROM unnest(%(lines)s::bigint[], %(outcomes)s::text[]) AS told (id, outcome)
 WHERE line.id = told.id AND line.outcome = 'waiting';

-- name: settle_files
-- Files that were read and of which no line waits.
UPDATE payouts_bankfile AS file SET state = 'settled'
 WHERE file.destroyed_at IS NULL AND file.state = 'received' AND file.kind <> ''
   AND NOT EXISTS (SELECT FROM payouts_bankline AS line WHERE line.file_id = file.id AND line.outcome = 'waiting');
