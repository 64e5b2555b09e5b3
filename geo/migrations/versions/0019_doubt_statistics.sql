-- Without a column of its own nothing tells how rare doubts are: the planner took a third of all incidents for doubtful
-- and read all of them for the few that are, past the index that is made for it.

CREATE STATISTICS incident_doubts ON (cardinality(doubts)) FROM incident;
ANALYZE incident;
