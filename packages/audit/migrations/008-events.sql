-- What has changed, told to those outside: one event a row of the trail, and others that have no row there.
CREATE TABLE event (
  sequence     bigint PRIMARY KEY,
  id           uuid NOT NULL UNIQUE,
  generation   uuid NOT NULL,
  revision     bigint NOT NULL,
  type         text NOT NULL,
  subject      text NOT NULL,
  environment  varchar(20),
  service_name varchar(100),
  payload      jsonb NOT NULL,
  bytes        integer NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX event_created_at ON event (created_at);

CREATE FUNCTION refuse_event_update() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'events do not change';
END $$;
CREATE TRIGGER event_unchanged BEFORE UPDATE ON event FOR EACH ROW EXECUTE FUNCTION refuse_event_update();

-- The last sequence given. Whoever adds events holds this row until it commits, so that events become visible in
-- order of their sequence: one who follows them never passes one that is not there yet.
CREATE TABLE event_sequence (
  single boolean PRIMARY KEY DEFAULT true CHECK (single),
  last   bigint NOT NULL
);
INSERT INTO event_sequence (last) VALUES (0);

-- Add one event; an id that is there already is left alone. For events that do not come of the trail.
CREATE FUNCTION append_event(event_id uuid, of_generation uuid, at_revision bigint, event_type text,
  event_subject text, of_environment text, of_service text, details jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  next_sequence bigint;
  body jsonb := jsonb_build_object('event_id', event_id,
    'timestamp', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), event_type, details);
BEGIN
  PERFORM 1 FROM event_sequence FOR UPDATE;
  IF EXISTS (SELECT 1 FROM event WHERE id = event_id) THEN
    RETURN;
  END IF;
  UPDATE event_sequence SET last = last + 1 RETURNING last INTO next_sequence;
  INSERT INTO event (sequence, id, generation, revision, type, subject, environment, service_name, payload, bytes)
    VALUES (next_sequence, event_id, of_generation, at_revision, event_type, event_subject, of_environment,
      of_service, body, octet_length(body::text));
END $$;

-- Up to which revision of a generation the trail's rows are events.
CREATE TABLE event_cursor (
  generation uuid PRIMARY KEY,
  revision   bigint NOT NULL
);

-- Who is told of events: `webhook:{name}`, `centre`. All up to `sequence` was delivered, or has a row in `delivery`.
-- `owner` is who delivers; what another one saves is refused.
CREATE TABLE delivery_cursor (
  consumer        text PRIMARY KEY,
  sequence        bigint NOT NULL,
  owner           uuid,
  failures        integer NOT NULL DEFAULT 0,
  last_success_at timestamptz,
  last_error      text,
  last_error_at   timestamptz
);

-- Events at or before the cursor that were not delivered: retried, waiting for an earlier one of their subject, dead.
CREATE TABLE delivery (
  consumer   text NOT NULL REFERENCES delivery_cursor (consumer) ON DELETE CASCADE,
  sequence   bigint NOT NULL,
  subject    text NOT NULL,
  attempts   integer NOT NULL,
  due_at     timestamptz NOT NULL,
  give_up_at timestamptz NOT NULL,
  dead_at    timestamptz,
  last_error text,
  PRIMARY KEY (consumer, sequence)
);

-- Signing secrets of webhooks, sealed by the authority.
CREATE TABLE webhook_secret (
  id         uuid PRIMARY KEY,
  webhook    varchar(100) NOT NULL,
  sealed     bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX webhook_secret_webhook ON webhook_secret (webhook);
