-- +goose Up
-- Phones that were closed before there were member codes: the body is the CBOR map {1: public key}.
INSERT INTO feed SELECT 'fleet', 'revoked', lower(hex(public_key)), gone, 0, CAST(X'A1015820' || public_key AS BLOB)
	FROM device WHERE role = 'phone' AND member <> '' AND gone > 0 AND length(public_key) = 32;
