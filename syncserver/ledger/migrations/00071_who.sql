-- +goose Up
-- A file from before there were rows of revoked phones and guests is projected again: without days it is refused (undated).
DELETE FROM clock;
