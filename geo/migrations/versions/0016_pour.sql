-- Ids do not compress; to try it took as long as to find them.
ALTER TABLE incident_change ALTER COLUMN ids SET STORAGE EXTERNAL;
