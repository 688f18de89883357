package server

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"yizhan/core/id"
	"yizhan/syncserver/vault"
)

// Secrets says how keys and vault fit the journal.
type Secrets struct {
	Deployment string
	Readable   int // members whose names can be read
	Unreadable int // members with a name that no key opens
	Erased     int // members who were erased, and have no key
}

// CheckSecrets opens keys and vault of a data directory, beside a running server
// too, and tries every member's key on the sealed fields that the journal has last.
func CheckSecrets(dir string, sealed map[id.Member][]byte, erased []id.Member) (n Secrets, err error) {
	for _, name := range []string{KeysFile, VaultFile} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return n, fmt.Errorf("%s is missing: restore it from its backup: %w", name, err)
		}
	}
	k, err := readKeys(filepath.Join(dir, KeysFile))
	if err != nil {
		return n, err
	}
	n.Deployment = k.Deployment
	v, err := vault.Open(filepath.Join(dir, VaultFile), strings.NewReader("")) // an empty file is damaged, and gets no new secret
	if err != nil {
		return n, err
	}
	for m, fields := range sealed {
		key, keyErr := v.Key(m, rosterPurpose)
		if keyErr == nil {
			_, keyErr = unseal(fields, key)
		}
		if keyErr != nil {
			n.Unreadable++
			continue
		}
		n.Readable++
	}
	for _, m := range erased {
		if _, keyErr := v.Key(m, rosterPurpose); keyErr == nil {
			err = errors.Join(err, fmt.Errorf("member %s was erased, but %s holds a key: it is older than the journal; start the server, which destroys it", m, VaultFile))
		}
		n.Erased++
	}
	return n, errors.Join(err, v.Close())
}
