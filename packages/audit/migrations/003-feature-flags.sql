-- The flags as they are, for whoever asks in SQL: made from the store, which alone decides. Never written by a
-- change of a flag itself, and rebuilt at any time.
CREATE TABLE feature_flags (
  id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  flag_name          varchar(100) NOT NULL UNIQUE,
  enabled            boolean NOT NULL DEFAULT false,
  rollout_percentage decimal(5,2) NOT NULL DEFAULT 0,
  target_services    jsonb,
  conditions         jsonb,
  description        text,
  created_by         varchar(100) NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT now(),
  updated_at         timestamptz NOT NULL DEFAULT now(),
  archived           boolean NOT NULL DEFAULT false,
  version            integer NOT NULL,
  revision           bigint NOT NULL,
  generation         uuid NOT NULL,
  -- The whole flag, as it is stored: variants and rules too.
  definition         jsonb NOT NULL
);

-- As of which revision the table is what the store was. One row; whoever writes the table locks it.
CREATE TABLE feature_flags_position (
  one        boolean PRIMARY KEY DEFAULT true CHECK (one),
  generation uuid,
  revision   bigint NOT NULL DEFAULT 0
);
INSERT INTO feature_flags_position DEFAULT VALUES;
