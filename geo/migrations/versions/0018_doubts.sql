-- A matter is ambiguous if there are doubts. As a generated column that made a large load longer by a twentieth:
-- for the sake of one, the server copies every value of each row.

DELETE FROM owed_index WHERE definition LIKE '%idx_incident_ambiguous%';
ALTER TABLE incident DROP COLUMN ambiguous;
CREATE INDEX idx_incident_ambiguous ON incident (path, received_at) WHERE cardinality(doubts) > 0;
