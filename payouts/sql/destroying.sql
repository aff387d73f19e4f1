-- name: releases_with_files
-- Sent releases whose file may still lie in the outbox, and whether the bank has answered or the time is over.
SELECT release.id FROM payouts_release AS release
 WHERE release.state IN ('sent', 'settled') AND release.file_destroyed_at IS NULL
   AND (release.sent_at <= %(before)s
        OR EXISTS (SELECT FROM payouts_attempt AS attempt
                    WHERE attempt.release_id = release.id AND attempt.answered_at IS NOT NULL))
 ORDER BY release.id;

-- name: destroy_bank_files
-- Files of the bank that are settled or past their time lose content, key and the name that the bank gave them, which
-- may be anybody's; hash, kind and lines stay.
UPDATE payouts_bankfile SET content = NULL, content_key = NULL, epoch_id = NULL, name = '', destroyed_at = %(now)s
 WHERE destroyed_at IS NULL AND (state = 'settled' OR received_at <= %(before)s);

-- name: sealed_under
-- How many of the bank's files are still sealed under an epoch.
SELECT count(*) FROM payouts_bankfile WHERE destroyed_at IS NULL AND epoch_id = %(epoch)s;

-- name: keys_to_rewrap
-- Keys of the bank's files that are wrapped under a retired epoch, locked.
SELECT file.id, file.epoch_id, file.content_key FROM payouts_bankfile AS file
  JOIN queueing_keyepoch AS epoch ON epoch.id = file.epoch_id
 WHERE file.destroyed_at IS NULL AND epoch.retired_at IS NOT NULL
 ORDER BY file.id LIMIT %(files_max)s FOR UPDATE OF file SKIP LOCKED;
