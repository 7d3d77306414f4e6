-- Flags, schemas and whatever else has versions goes the way that configurations go.
ALTER TABLE configuration_audit ADD COLUMN kind text NOT NULL DEFAULT 'configuration';
ALTER TABLE configuration_audit ALTER COLUMN config_type DROP NOT NULL;
ALTER TABLE configuration_audit
  DROP CONSTRAINT configuration_audit_generation_environment_service_name_con_key,
  ADD UNIQUE (generation, kind, environment, service_name, config_key, version);

-- What comes of an intent is of a later revision than this: up to the lowest of those outstanding, the trail is whole.
ALTER TABLE change_pending ADD COLUMN read_revision bigint NOT NULL DEFAULT 0;
