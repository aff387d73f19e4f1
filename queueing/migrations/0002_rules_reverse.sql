DROP TRIGGER queueing_erasure_final ON queueing_erasure;
DROP FUNCTION queueing_erasure_final();
DROP TRIGGER queueing_line_forward ON queueing_line;
DROP FUNCTION queueing_line_forward();
DROP TRIGGER queueing_registration_final ON queueing_registration;
DROP FUNCTION queueing_registration_final();
ALTER TABLE queueing_registration
    DROP CONSTRAINT queueing_registration_digest_length, DROP CONSTRAINT queueing_registration_nonce_length;
ALTER TABLE queueing_holderdetails RESET (fillfactor, autovacuum_vacuum_scale_factor);
