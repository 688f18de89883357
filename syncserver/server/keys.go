package server

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"yizhan/core/id"
	"yizhan/core/seal"
)

// masterSize is the length of keys.Master in bytes.
const masterSize = 32

// keys is what makes a deployment itself. It is one small file of mode 0600,
// kept apart from journal and vault so that each can be backed up on its own.
type keys struct {
	Deployment string `json:"deployment"`
	Number     uint32 `json:"number"` // the deployment inside signed tickets
	Private    []byte `json:"private"`
	Master     []byte `json:"master"` // ticket secrets are derived from it
	private    seal.Private
}

// loadKeys reads the key file, or makes it on the first start.
func loadKeys(path string, random io.Reader) (*keys, error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return makeKeys(path, random)
	}
	if err != nil {
		return nil, fmt.Errorf("read keys: %w", err)
	}
	k := &keys{}
	if err := json.Unmarshal(data, k); err != nil {
		return nil, fmt.Errorf("read keys %s: %w; restore the file from its backup", path, err)
	}
	if k.private, err = seal.ParsePrivate(k.Private); err != nil {
		return nil, fmt.Errorf("read keys %s: %w; restore the file from its backup", path, err)
	}
	if k.Deployment == "" || len(k.Master) != masterSize { // secrets derived from nothing could be guessed
		return nil, fmt.Errorf("read keys %s: deployment or master is missing; restore the file from its backup", path)
	}
	return k, nil
}

func makeKeys(path string, random io.Reader) (*keys, error) {
	name, err := id.Mint(random, 5)
	if err != nil {
		return nil, err
	}
	k := &keys{Deployment: "yz-" + name, Master: make([]byte, masterSize)}
	number := make([]byte, 4)
	if _, err := io.ReadFull(random, k.Master); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	if _, err := io.ReadFull(random, number); err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	k.Number = binary.BigEndian.Uint32(number)
	if k.private, err = seal.Generate(random); err != nil {
		return nil, err
	}
	if k.Private, err = k.private.Marshal(); err != nil {
		return nil, err
	}
	data, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return nil, fmt.Errorf("make keys: %w", err)
	}
	return k, writeDurably(path, data)
}

// writeDurably writes a file that must survive a power cut: a lost key would
// make every ticket that it signed worthless.
func writeDurably(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	_, err = f.Write(data)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(filepath.Dir(path))
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
