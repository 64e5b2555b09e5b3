-- Large loads.

-- Indexes that large loads have left to be built once they stand (geo/weights.py), each as its statement.
-- What stands here is run by the owner, and nobody else writes here: there is no policy.
CREATE TABLE owed_index (definition text PRIMARY KEY);
ALTER TABLE owed_index ENABLE ROW LEVEL SECURITY;

-- Ids do not compress; to try it took as long as to find them.
ALTER TABLE incident_change ALTER COLUMN ids SET STORAGE EXTERNAL;
