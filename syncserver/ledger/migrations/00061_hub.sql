-- +goose Up
-- The hub that a device talks to instead of the server.
ALTER TABLE device ADD COLUMN upstream TEXT NOT NULL DEFAULT '';
