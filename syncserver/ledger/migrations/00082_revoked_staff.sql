-- +goose Up
-- Devices of staff that were closed before they had codes: the body is the CBOR map {1: public key}.
INSERT INTO feed SELECT 'fleet', 'revoked', lower(hex(public_key)), gone, 0, CAST(X'A1015820' || public_key AS BLOB)
	FROM device WHERE role = 'staff' AND gone > 0 AND length(public_key) = 32;
