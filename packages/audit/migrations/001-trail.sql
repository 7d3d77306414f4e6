-- What was wanted: written before etcd is touched. `operations` holds what recovery needs to write the
-- versions of a change whose author has died.
CREATE TABLE change_intent (
  id                 uuid PRIMARY KEY,
  generation         uuid NOT NULL,
  actor              varchar(100) NOT NULL,
  reason             text NOT NULL,
  rollback_available boolean NOT NULL,
  operations         jsonb NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT now()
);

-- What became of it: exactly one row an intent. `unknown` where the store that could tell is gone.
CREATE TABLE change_outcome (
  intent_id  uuid PRIMARY KEY REFERENCES change_intent (id),
  status     text NOT NULL CHECK (status IN ('committed', 'aborted', 'unknown')),
  revision   bigint CHECK ((status = 'committed') = (revision IS NOT NULL)),
  decided_at timestamptz NOT NULL DEFAULT now()
);

-- Intents that have no outcome yet: what recovery looks at. The trail itself only grows, and would have to be
-- searched whole.
CREATE TABLE change_pending (
  intent_id  uuid PRIMARY KEY,
  generation uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- The trail: one row a key changed, and so the key's versions too.
CREATE TABLE configuration_audit (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  config_key         varchar(200) NOT NULL,
  service_name       varchar(100) NOT NULL,
  environment        varchar(20) NOT NULL,
  old_value          jsonb,
  new_value          jsonb NOT NULL,
  updated_by         varchar(100) NOT NULL,
  reason             text,
  version            integer NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT now(),
  intent_id          uuid NOT NULL REFERENCES change_intent (id),
  generation         uuid NOT NULL,
  revision           bigint NOT NULL,
  deleted            boolean NOT NULL,
  config_type        text NOT NULL,
  description        text NOT NULL,
  rollback_available boolean NOT NULL,
  UNIQUE (generation, environment, service_name, config_key, version)
);

CREATE INDEX configuration_audit_revision ON configuration_audit (generation, revision);
