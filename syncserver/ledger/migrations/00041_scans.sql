-- +goose Up

-- An incident names the hand-over or check-in that came before it.
CREATE INDEX redemption_ticket ON redemption (ticket);
CREATE INDEX check_in_ticket ON check_in (ticket);
