-- Of a rollback: which version was restored; 0 where the key had not existed.
ALTER TABLE configuration_audit ADD COLUMN restored_version integer;

-- What has changed in a service since a revision, and its history.
CREATE INDEX configuration_audit_service ON configuration_audit (generation, kind, environment, service_name, revision);
-- From a time to a revision: intents are named by their time.
CREATE INDEX configuration_audit_time ON configuration_audit (generation, intent_id, revision);
