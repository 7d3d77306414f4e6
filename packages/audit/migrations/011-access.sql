-- What callers were denied. One row for what was tried alike within a moment, with how often.
CREATE TABLE access_denial (
  id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  first_at timestamptz NOT NULL,
  last_at  timestamptz NOT NULL,
  times    bigint NOT NULL,
  -- Empty where nobody is known by what was shown.
  caller   text NOT NULL,
  action   text NOT NULL,
  resource text NOT NULL,
  why      text NOT NULL
);
CREATE INDEX access_denial_caller ON access_denial (caller, id);
SELECT keep_append_only('access_denial');

-- When tokens were last used at an authority, by their ids: to within an hour.
CREATE TABLE token_use (
  id           text PRIMARY KEY,
  last_used_at timestamptz NOT NULL
);
