-- How often flags were evaluated. A variant of no name: evaluations that served none; a flag of no name: of flags that
-- there was no room to name.
CREATE TABLE flag_usage_minute (
  at        timestamptz NOT NULL,
  flag_name varchar(100) NOT NULL,
  variant   varchar(100) NOT NULL,
  region    varchar(100) NOT NULL,
  count     bigint NOT NULL,
  PRIMARY KEY (flag_name, at, variant, region)
);
CREATE INDEX flag_usage_minute_at ON flag_usage_minute (at);

-- The same by hours, added to together with the minutes: kept for longer.
CREATE TABLE flag_usage_hour (LIKE flag_usage_minute INCLUDING ALL);

CREATE TABLE flag_last_seen (
  flag_name varchar(100) PRIMARY KEY,
  at        timestamptz NOT NULL
);

-- What was taken in: the same bundle may come again, for as long as it can wait in a region.
CREATE TABLE impression_bundle (
  region   varchar(100) NOT NULL,
  id       uuid NOT NULL,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (region, id)
);
CREATE INDEX impression_bundle_taken_at ON impression_bundle (taken_at);

-- Since when evaluations are known: when the first bundle came. One row, once there is one.
CREATE TABLE flag_usage_since (
  one boolean PRIMARY KEY DEFAULT true CHECK (one),
  at  timestamptz NOT NULL
);
