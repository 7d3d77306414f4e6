-- The trail as evidence: it only grows, and a chain of hashes tells whether that was kept to.
CREATE TABLE audit_chain (
  environment  varchar(20) NOT NULL,
  sequence     bigint NOT NULL,
  audit_id     uuid NOT NULL UNIQUE,
  generation   uuid NOT NULL,
  revision     bigint NOT NULL,
  -- Which record's row it was, for when that is not there any more.
  kind         text NOT NULL,
  service_name varchar(100) NOT NULL,
  config_key   varchar(200) NOT NULL,
  version      integer NOT NULL,
  hash         bytea NOT NULL,
  sealed_at    timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (environment, sequence)
);
CREATE INDEX audit_chain_revision ON audit_chain (environment, generation, revision);

-- What sealing, verifying and listing go along. All grow at their right edge.
CREATE INDEX configuration_audit_environment ON configuration_audit (generation, environment, revision);
CREATE INDEX configuration_audit_intent ON configuration_audit (intent_id);
CREATE INDEX configuration_audit_created ON configuration_audit (created_at, id);

-- What happened must have its row, whatever others have done to the store: a record that was deleted by hand counts
-- its versions from 1 again, and an outcome that can't be recorded would hold up everything that follows the trail.
ALTER TABLE configuration_audit
  DROP CONSTRAINT configuration_audit_generation_kind_environment_service_nam_key,
  ADD UNIQUE (generation, kind, environment, service_name, config_key, version, revision);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% only grows: % is refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'insufficient_privilege', HINT = 'See docs/adr/0018-the-trail-only-grows.md';
END $$;

-- Whom the authority serves as: it may add to the trail and read it, nothing else. Roles belong to the whole
-- server: another database of it may have made it.
DO $$
BEGIN
  CREATE ROLE quantivista_writer NOLOGIN;
  EXECUTE format('GRANT quantivista_writer TO %I', current_user);
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO quantivista_writer;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO quantivista_writer;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO quantivista_writer;
-- Tables of later migrations are work lists unless these say otherwise.
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO quantivista_writer;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO quantivista_writer;
REVOKE INSERT, UPDATE, DELETE ON migration FROM quantivista_writer;

-- For tables that are evidence: of this migration and of later ones.
CREATE FUNCTION keep_append_only(evidence regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', evidence);
  -- Under session_replication_role = replica too.
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', evidence);
  EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM quantivista_writer', evidence);
END $$;
REVOKE EXECUTE ON FUNCTION keep_append_only(regclass) FROM PUBLIC;
SELECT keep_append_only('change_intent'), keep_append_only('change_outcome'),
  keep_append_only('configuration_audit'), keep_append_only('audit_chain');
