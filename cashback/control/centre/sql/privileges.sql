-- What was published, instructed and reported is never rewritten; all else changes by its rules and is not deleted.
REVOKE UPDATE, DELETE, TRUNCATE ON centre_version, centre_withdrawal, centre_instruction, centre_report, centre_planned FROM {application};
REVOKE DELETE, TRUNCATE ON centre_station, centre_application, centre_errand, centre_rollout, centre_run, centre_turnedaway FROM {application};
REVOKE DELETE, TRUNCATE ON centre_lease FROM {application};
