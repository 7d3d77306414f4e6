-- Where it was denied: a region, or null for an authority.
ALTER TABLE access_denial ADD COLUMN region text;

-- Regions hand over more than evaluations.
ALTER TABLE impression_bundle RENAME TO taken_bundle;
ALTER INDEX impression_bundle_pkey RENAME TO taken_bundle_pkey;
ALTER INDEX impression_bundle_taken_at RENAME TO taken_bundle_taken_at;
