-- Erasing. The row and its data key go; an erasure stays, signed in the same transaction or by the signer.
-- Backups can be read until the epoch whose key wraps the row's data key is destroyed: %(grace)s after its end at most.

-- name: erase_gift_payees
-- The verdict is a gift: the payee has no further use, unless a draw has awarded cash that is open or a release holds
-- it. Where no draw has awarded anything in the program (%(drawn)s), nobody's draws are looked up.
-- The contact is kept for the notice, for a while. Says how many were found, and how many of them erased: fewer where
-- somebody changed a row meanwhile.
WITH ending AS MATERIALIZED (
    SELECT details.registration_id, details.contact IS NULL AND details.delivery IS NULL AS bare
      FROM queueing_award AS award
      JOIN queueing_holderdetails AS details ON details.registration_id = award.registration_id
     WHERE award.program_id = %(program)s AND award.source = 'cycle'
       AND award.source_id BETWEEN %(first)s AND %(last)s AND award.kind = 'gift'
       AND details.payee IS NOT NULL AND details.held_for IS NULL
       -- Asked row by row: a plan made while there were no draws must not read all of them for each.
       AND (NOT %(drawn)s OR details.kept_for_verdict
            OR (SELECT count(*) FROM queueing_award AS drawn
                 WHERE drawn.registration_id = award.registration_id
                   AND drawn.source = 'draw' AND drawn.kind = 'cash') = 0)
), gone AS (
    DELETE FROM queueing_holderdetails AS details USING ending
     WHERE details.registration_id = ending.registration_id AND ending.bare
       AND details.payee IS NOT NULL AND details.held_for IS NULL
       AND details.contact IS NULL AND details.delivery IS NULL
    RETURNING details.registration_id, details.epoch_id
), lessened AS (
    UPDATE queueing_holderdetails AS details
       SET payee = NULL, payee_key = NULL, payee_fingerprint = NULL, request_digest = NULL,
           kept_for_verdict = FALSE,
           contact_erase_by = CASE WHEN details.contact IS NOT NULL
                                   THEN least(details.contact_erase_by, details.erase_by,
                                              %(at)s + make_interval(secs => %(contact_hold_seconds)s)) END,
           erase_by = CASE WHEN details.contact IS NULL THEN details.delivery_erase_by ELSE details.erase_by END
      FROM ending
     WHERE details.registration_id = ending.registration_id AND NOT ending.bare
       AND details.payee IS NOT NULL AND details.held_for IS NULL
       AND (details.contact IS NOT NULL OR details.delivery IS NOT NULL)
    RETURNING details.registration_id, details.epoch_id
), erased AS (
    INSERT INTO queueing_erasure (registration_id, at, what, why, backups_until, signature)
    SELECT taken.registration_id, %(at)s, 'payee', %(why)s, greatest(epoch.ends_at, %(at)s) + %(grace)s, ''
      FROM (SELECT * FROM gone UNION ALL SELECT * FROM lessened) AS taken
      JOIN queueing_keyepoch AS epoch ON epoch.id = taken.epoch_id
    RETURNING 1
)
SELECT (SELECT count(*) FROM ending) AS found, (SELECT count(*) FROM erased) AS erased;

-- name: any_drawn
-- Whether a draw has awarded anything in a program.
SELECT EXISTS (SELECT FROM queueing_award WHERE program_id = %(program)s AND source = 'draw') AS drawn;

-- name: ended_line
-- Registrations of a closing program under the rule `line` that will not be paid any more and still hold a payee, but
-- for those to whom a draw's award is open.
SELECT details.registration_id
  FROM queueing_registration AS registration
  JOIN queueing_holderdetails AS details ON details.registration_id = registration.id
 WHERE registration.program_id = %(program)s AND details.payee IS NOT NULL AND details.held_for IS NULL
   AND NOT EXISTS (SELECT FROM queueing_award AS award
                    WHERE award.registration_id = registration.id AND award.kind = 'cash'
                      AND (award.source = 'cycle' OR NOT details.kept_for_verdict))
 LIMIT %(limit)s;

-- name: erase
-- Take the parts out of some rows, in one order for everybody; a row of which nothing is left goes. Where a delivery is
-- left alone, its time is the row's.
WITH asked AS MATERIALIZED (
    SELECT details.registration_id, details.epoch_id,
           %(payee)s AND details.payee IS NOT NULL AS payee_goes,
           %(contact)s AND details.contact IS NOT NULL AS contact_goes,
           %(delivery)s AND details.delivery IS NOT NULL AS delivery_goes,
           NOT %(payee)s AND details.payee IS NOT NULL OR NOT %(contact)s AND details.contact IS NOT NULL
               AS payee_or_contact_stays,
           NOT %(delivery)s AND details.delivery IS NOT NULL AS delivery_stays
      FROM queueing_holderdetails AS details
     WHERE details.registration_id = ANY (%(registrations)s)
     ORDER BY details.registration_id
       FOR UPDATE
), gone AS (
    DELETE FROM queueing_holderdetails AS details USING asked
     WHERE details.registration_id = asked.registration_id
       AND NOT asked.payee_or_contact_stays AND NOT asked.delivery_stays
), lessened AS (
    UPDATE queueing_holderdetails AS details
       SET payee = CASE WHEN asked.payee_goes THEN NULL ELSE details.payee END,
           payee_key = CASE WHEN asked.payee_goes THEN NULL ELSE details.payee_key END,
           payee_fingerprint = CASE WHEN asked.payee_goes THEN NULL ELSE details.payee_fingerprint END,
           held_for = CASE WHEN asked.payee_goes THEN NULL ELSE details.held_for END,
           kept_for_verdict = NOT asked.payee_goes AND details.kept_for_verdict,
           contact = CASE WHEN asked.contact_goes THEN NULL ELSE details.contact END,
           contact_key = CASE WHEN asked.contact_goes THEN NULL ELSE details.contact_key END,
           contact_erase_by = CASE WHEN asked.contact_goes THEN NULL ELSE details.contact_erase_by END,
           delivery = CASE WHEN asked.delivery_goes THEN NULL ELSE details.delivery END,
           delivery_key = CASE WHEN asked.delivery_goes THEN NULL ELSE details.delivery_key END,
           delivery_erase_by = CASE WHEN asked.delivery_goes THEN NULL ELSE details.delivery_erase_by END,
           request_digest = CASE WHEN asked.payee_goes OR asked.contact_goes THEN NULL ELSE details.request_digest END,
           erase_by = CASE WHEN asked.payee_or_contact_stays THEN details.erase_by ELSE details.delivery_erase_by END,
           extended_for = CASE WHEN asked.payee_or_contact_stays THEN details.extended_for
                               WHEN asked.payee_goes OR asked.contact_goes THEN '' ELSE details.extended_for END
      FROM asked
     WHERE details.registration_id = asked.registration_id
       AND (asked.payee_or_contact_stays OR asked.delivery_stays)
       AND (asked.payee_goes OR asked.contact_goes OR asked.delivery_goes)
)
SELECT nextval(pg_get_serial_sequence('queueing_erasure', 'id')) AS id, asked.registration_id, part.what,
       greatest(epoch.ends_at, %(at)s) + %(grace)s AS backups_until
  FROM asked
  JOIN queueing_keyepoch AS epoch ON epoch.id = asked.epoch_id
 CROSS JOIN LATERAL (
     VALUES (CASE WHEN payee_goes AND contact_goes THEN 'payee_and_contact' WHEN payee_goes THEN 'payee'
                  WHEN contact_goes THEN 'contact' END),
            (CASE WHEN delivery_goes THEN 'delivery' END)) AS part (what)
 WHERE part.what IS NOT NULL;

-- name: write_erasures
-- The rows that prove it; signed now, or left to the signer.
INSERT INTO queueing_erasure (id, registration_id, at, what, why, backups_until, signing_key_id, signature)
SELECT id, registration_id, %(at)s, what, %(why)s, backups_until, %(key_id)s, signature
  FROM unnest(%(ids)s::bigint[], %(registrations)s::bigint[], %(whats)s::text[], %(backups_until)s::timestamptz[],
              %(signatures)s::text[])
       AS erasure (id, registration_id, what, backups_until, signature);

-- name: unsigned
-- The next erasures to sign; several signers share them out.
SELECT id, at, what, why, backups_until FROM queueing_erasure
 WHERE signature = '' ORDER BY id LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: sign
-- Put the signatures in, once and for all.
UPDATE queueing_erasure AS erasure SET signature = signed.signature, signing_key_id = %(key_id)s
  FROM unnest(%(ids)s::bigint[], %(signatures)s::text[]) AS signed (id, signature)
 WHERE erasure.id = signed.id AND erasure.signature = '';

-- name: due
-- The next rows of which something is past its time; several erasers share them out. What a release holds is not due.
-- A row may have been extended, held or erased since it was found: what of it is due is said of the row as locked.
SELECT details.registration_id, details.erase_by <= %(now)s AND details.held_for IS NULL AS all_of_it,
       coalesce(details.contact_erase_by <= %(now)s, FALSE) AS contact,
       coalesce(details.delivery_erase_by <= %(now)s, FALSE) AS delivery
  FROM queueing_holderdetails AS details
 WHERE details.registration_id IN (
           (SELECT registration_id FROM queueing_holderdetails
             WHERE erase_by <= %(now)s AND held_for IS NULL ORDER BY erase_by LIMIT %(limit)s)
            UNION
           (SELECT registration_id FROM queueing_holderdetails
             WHERE contact_erase_by <= %(now)s ORDER BY contact_erase_by LIMIT %(limit)s)
            UNION
           (SELECT registration_id FROM queueing_holderdetails
             WHERE delivery_erase_by <= %(now)s ORDER BY delivery_erase_by LIMIT %(limit)s))
 LIMIT %(limit)s FOR UPDATE SKIP LOCKED;

-- name: extend
-- Keep payees and contacts another while, where their time is near, in one order for everybody; a delivery alone has its
-- own.
UPDATE queueing_holderdetails
   SET erase_by = greatest(erase_by, %(now)s) + %(extension)s, extended_for = %(why)s
 WHERE registration_id IN (SELECT registration_id FROM queueing_holderdetails
                            WHERE registration_id = ANY (%(registrations)s) AND erase_by <= %(near)s
                              AND (payee IS NOT NULL OR contact IS NOT NULL)
                            ORDER BY registration_id FOR UPDATE);

-- name: extend_held
-- What a release holds is being paid: keep it another while, where its time is near.
UPDATE queueing_holderdetails
   SET erase_by = greatest(erase_by, %(now)s) + %(extension)s, extended_for = %(why)s
 WHERE erase_by <= %(near)s AND held_for IS NOT NULL;

-- name: extend_moved
-- The closing date was moved and the registration still waits for its verdict: keep it another while, where its time
-- is near, no longer than a registration of today would be kept.
UPDATE queueing_holderdetails AS details
   SET erase_by = least(near.last, details.erase_by + %(extension)s), extended_for = %(why)s
  FROM (
      SELECT kept.registration_id, limits.last
        FROM queueing_holderdetails AS kept
        JOIN queueing_registration AS registration ON registration.id = kept.registration_id
        JOIN cards_program AS program ON program.id = registration.program_id
       CROSS JOIN LATERAL (
           SELECT (program.closes_on + program.claim_days + program.purge_delay_days + 1)::timestamp
                  AT TIME ZONE %(time_zone)s AS last) AS limits
       WHERE kept.erase_by <= %(near)s AND kept.erase_by < limits.last
         AND (kept.payee IS NOT NULL OR kept.contact IS NOT NULL)
         AND registration.withdrawn_at IS NULL AND registration.voided_at IS NULL
         AND NOT EXISTS (SELECT FROM queueing_award AS award
                          WHERE award.registration_id = registration.id AND award.source = 'cycle'
                            AND (program.rule = 'cohort' OR award.kind = 'cash'))
       LIMIT %(limit)s) AS near
 WHERE details.registration_id = near.registration_id
   AND details.erase_by <= %(near)s AND details.erase_by < near.last
   AND (details.payee IS NOT NULL OR details.contact IS NOT NULL);

-- name: schedule_contact
-- The last notice is on its way: the contact goes soon. An earlier time stands.
UPDATE queueing_holderdetails
   SET contact_erase_by = least(contact_erase_by, erase_by, %(at)s)
 WHERE registration_id = ANY (%(registrations)s) AND contact IS NOT NULL;
