-- name: Applied :one
SELECT seq FROM applied;

-- name: Acked :one
SELECT dev_seq FROM result WHERE device = ? AND seq <= ? ORDER BY dev_seq DESC LIMIT 1;

-- name: Result :one
SELECT seq, body FROM result WHERE device = ? AND dev_seq = ?;

-- name: ClaimByTicket :one
SELECT * FROM claim WHERE ticket = ?;

-- The feed already knows which claims are a member's: no index on claim is paid for at every grant.
-- name: ClaimsOfMember :many
SELECT * FROM claim WHERE ticket IN (SELECT CAST(id AS INTEGER) FROM feed WHERE scope = ? AND tbl = 'claim') ORDER BY at, ticket;

-- name: ClaimsOfActivity :many
SELECT * FROM claim WHERE activity = ? ORDER BY at, ticket;

-- name: MessagesOfMember :many
SELECT body FROM feed WHERE scope = ? AND tbl = 'message' AND gone = 0 ORDER BY seq;

-- name: PoolsOfActivity :many
SELECT id, total FROM pool WHERE activity = ? AND shut = 0 ORDER BY id;

-- name: SeatsByPool :many
SELECT pool, state, CAST(coalesce(sum(seats), 0) AS INTEGER) AS seats, CAST(coalesce(sum(seats * came), 0) AS INTEGER) AS came
FROM claim WHERE activity = ? GROUP BY pool, state;

-- name: Leases :many
SELECT * FROM lease ORDER BY id;

-- name: SeatsByFate :many
SELECT pool, fate, CAST(sum(unreported) AS INTEGER) AS seats FROM lease WHERE activity = ? AND unreported > 0 GROUP BY pool, fate;

-- name: EarlyByTicket :one
SELECT * FROM early WHERE ticket = ?;

-- name: SeatsByOrg :many
SELECT org, state, CAST(coalesce(sum(seats), 0) AS INTEGER) AS seats FROM claim WHERE activity = ? GROUP BY org, state;

-- name: RefusalsOfActivity :many
SELECT code, claims FROM refusal WHERE activity = ?;

-- name: Tasks :many
SELECT * FROM task ORDER BY seq;

-- name: Incidents :many
SELECT * FROM incident ORDER BY seq;

-- name: PersonByID :one
SELECT * FROM person WHERE id = ?;

-- name: PeopleAfter :many
SELECT * FROM person WHERE id > sqlc.arg(after) ORDER BY id LIMIT sqlc.arg(max_rows);

-- name: PeopleOf :many
SELECT * FROM person WHERE org = ? ORDER BY id;

-- name: Orgs :many
SELECT id, name, parent FROM org;
