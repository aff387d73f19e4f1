-- name: count
-- Count a message that was turned away, by station and reason.
INSERT INTO centre_turnedaway (station_id, code, count, last_at)
VALUES (%(station)s, %(code)s, 1, %(now)s)
ON CONFLICT (station_id, code) DO UPDATE SET count = centre_turnedaway.count + 1, last_at = excluded.last_at
