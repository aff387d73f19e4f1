-- name: take_lease
-- Become the one who sends, unless somebody else is.
INSERT INTO centre_lease (id, held_until) VALUES (1, %(until)s)
ON CONFLICT (id) DO UPDATE SET held_until = excluded.held_until WHERE centre_lease.held_until <= %(now)s

-- name: claim
-- Take what is to be sent now to stations that are there, oldest first, and say when each is sent again.
UPDATE centre_errand AS errand
   SET state = CASE errand.state WHEN 'queued' THEN 'sent' ELSE errand.state END,
       sent_at = coalesce(errand.sent_at, %(now)s),
       sends = errand.sends + 1,
       send_at = %(again)s
  FROM (SELECT due.id
          FROM centre_errand AS due
          JOIN centre_station AS station ON station.id = due.station_id
          JOIN centre_instruction AS instruction ON instruction.id = due.instruction_id
         WHERE due.send_at <= %(now)s
           AND station.state = 'accepted' AND station.heard_at > %(alive)s
           AND (due.state <> 'queued' OR instruction.expires_at > %(now)s)
         ORDER BY due.id
         LIMIT %(limit)s
           FOR UPDATE OF due) AS due
 WHERE errand.id = due.id
RETURNING errand.id

-- name: expire
-- What was never sent ends at its time; what was sent and not answered, a grace later.
UPDATE centre_errand AS errand
   SET state = 'expired', ended_at = %(now)s, send_at = NULL
  FROM centre_instruction AS instruction
 WHERE instruction.id = errand.instruction_id
   AND errand.send_at IS NOT NULL
   AND ((errand.state = 'queued' AND instruction.expires_at <= %(now)s) OR instruction.expires_at <= %(late)s)

-- name: call_roll
-- Ask every accepted station whose period has come; one call is open at a time, and an unanswered one is given up.
UPDATE centre_station AS station
   SET roll_call = replace(gen_random_uuid()::text, '-', ''), roll_called_at = %(now)s
  FROM (SELECT id
          FROM centre_station
         WHERE state = 'accepted'
           AND (roll_called_at IS NULL OR roll_called_at <= %(period)s AND roll_call = '' OR roll_called_at <= %(lost)s)
         ORDER BY id
         LIMIT %(limit)s
           FOR UPDATE) AS due
 WHERE station.id = due.id
RETURNING station.name, station.roll_call
