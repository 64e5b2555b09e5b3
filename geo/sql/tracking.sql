-- track --
-- The state of one incident and its clock: nothing of what it says, where it lies or who has it.
SELECT state, received_at, due_at FROM incident
WHERE id = %(id)s;

-- entered --
-- When an incident came into each of its states, from the first to the last time.
SELECT state, at FROM incident_event
WHERE incident_id = %(id)s
ORDER BY number ASC;
