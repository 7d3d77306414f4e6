-- What was found that should not be: changes behind the authority's back, a chain that does not hold.
CREATE TABLE audit_finding (
  -- In the order in which they were found, for whoever follows them.
  sequence   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id         uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
  kind       text NOT NULL,
  at         timestamptz NOT NULL DEFAULT now(),
  generation uuid NOT NULL,
  revision   bigint NOT NULL,
  -- The etcd key, or whatever else it is about.
  subject    text NOT NULL,
  details    jsonb NOT NULL,
  -- Several authorities may find the same.
  UNIQUE (generation, revision, subject, kind)
);
SELECT keep_append_only('audit_finding');

-- Up to which revision etcd's history has been compared with the trail.
CREATE TABLE audit_reconciled (
  generation uuid PRIMARY KEY,
  revision   bigint NOT NULL
);
