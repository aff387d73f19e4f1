-- name: unreported_results
-- Errands with a result that no final report of their station says.
SELECT errand.id
  FROM centre_errand AS errand
  LEFT JOIN centre_report AS report ON report.errand_id = errand.id AND report.sequence = 3
 WHERE errand.state IN ('done', 'failed')
   AND (report.id IS NULL OR (errand.state = 'done') <> (report.state = 'done'))

-- name: unnoticed_reports
-- Final reports whose errand is still open.
SELECT errand.id
  FROM centre_report AS report
  JOIN centre_errand AS errand ON errand.id = report.errand_id
 WHERE report.sequence = 3 AND errand.state NOT IN ('done', 'failed')

-- name: untold_runs
-- Runs that say something else than their errand.
SELECT run.id
  FROM centre_run AS run
  JOIN centre_errand AS errand ON errand.id = run.errand_id
 WHERE (run.state = 'done') <> (errand.state = 'done')

-- name: kept_inputs
-- Inputs that should be gone.
SELECT id FROM centre_run WHERE input_swept_at IS NULL AND asked_at < %(before)s
