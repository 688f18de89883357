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
	"yizhan/syncserver/receipt"
)

// masterSize is the length of keys.Master in bytes.
const masterSize = 32

// keys is what makes a deployment itself. It is one small file of mode 0600,
// kept apart from journal and vault so that each can be backed up on its own.
type keys struct {
	Deployment string `json:"deployment"`
	Number     uint32 `json:"number"` // the deployment inside signed tickets
	Private    []byte `json:"private"`
	Master     []byte `json:"master"`  // ticket secrets are derived from it
	Receipt    []byte `json:"receipt"` // seals what devices are told about their ops
	private    seal.Private
	receipts   receipt.Key
}

// loadKeys reads the key file, or makes it on the first start.
func loadKeys(path string, random io.Reader) (*keys, error) {
	k, err := readKeys(path)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return makeKeys(path, random)
	case err != nil:
		return nil, err
	case k.Receipt == nil: // the file is from before there were receipts
		if err := k.make(&k.Receipt, receipt.SecretSize, random); err != nil {
			return nil, err
		}
		if err := k.write(path); err != nil {
			return nil, err
		}
	}
	if k.receipts, err = receipt.NewKey(k.Receipt); err != nil {
		return nil, fmt.Errorf("read keys %s: %w; restore the file from its backup", path, err)
	}
	return k, nil
}

// readKeys reads the key file and changes nothing.
func readKeys(path string) (*keys, error) {
	data, err := os.ReadFile(path)
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

func (k *keys) make(secret *[]byte, size int, random io.Reader) error {
	*secret = make([]byte, size)
	if _, err := io.ReadFull(random, *secret); err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	return nil
}

func (k *keys) write(path string) error {
	data, err := json.MarshalIndent(k, "", " ")
	if err != nil {
		return fmt.Errorf("make keys: %w", err)
	}
	return writeDurably(path, data)
}

func makeKeys(path string, random io.Reader) (*keys, error) {
	name, err := id.Mint(random, 5)
	if err != nil {
		return nil, err
	}
	k := &keys{Deployment: "yz-" + name}
	var number []byte
	err = errors.Join(k.make(&k.Master, masterSize, random), k.make(&number, 4, random), k.make(&k.Receipt, receipt.SecretSize, random))
	if err != nil {
		return nil, err
	}
	k.Number = binary.BigEndian.Uint32(number)
	if k.private, err = seal.Generate(random); err != nil {
		return nil, err
	}
	if k.Private, err = k.private.Marshal(); err != nil {
		return nil, err
	}
	if k.receipts, err = receipt.NewKey(k.Receipt); err != nil {
		return nil, err
	}
	return k, k.write(path)
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
