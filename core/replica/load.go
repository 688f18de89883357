package replica

import (
	"fmt"

	"yizhan/core/local"
	"yizhan/core/seal"
	"yizhan/core/wire"
)

// Load reads what a session begins with from a device's store. Identity is empty
// before the enrolment.
func Load(store local.Store) (s Saved, err error) {
	var key, identity, deployment []byte
	for _, value := range []struct {
		name string
		into *[]byte
	}{{MetaKey, &key}, {MetaIdentity, &identity}, {MetaServer, &s.Server}, {MetaDeployment, &deployment}} {
		if *value.into, err = store.Meta(value.name); err != nil {
			return s, fmt.Errorf("read %s: %w", value.name, err)
		}
	}
	s.Deployment = string(deployment)
	if identity != nil {
		if err := wire.DecodeRow(identity, &s.Identity); err != nil {
			return s, fmt.Errorf("read identity: %w", err)
		}
		if s.Key, err = seal.ParsePrivate(key); err != nil {
			return s, fmt.Errorf("read device key: %w", err)
		}
	}
	if s.State, err = store.State(); err != nil {
		return s, fmt.Errorf("read state: %w", err)
	}
	if s.Held, err = store.Held(); err != nil {
		return s, fmt.Errorf("read scopes: %w", err)
	}
	if s.Queue, err = store.Queue(); err != nil {
		return s, fmt.Errorf("read outbox: %w", err)
	}
	if s.Receipt, err = newestReceipt(store, s); err != nil {
		return s, fmt.Errorf("read kept ops: %w", err)
	}
	if s.Mark, err = ReadMark(store); err != nil {
		return s, err
	}
	return s, s.recall(store)
}

// ReadMark reads what the replica remembers beside the cursor, nothing before its first checkpoint.
func ReadMark(store local.Store) (m Mark, err error) {
	row, ok, err := store.Get(TableReplica, MarkID)
	if err == nil && ok {
		err = wire.DecodeRow(row.Body, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read mark: %w", err)
	}
	return m, nil
}

// recall finds the hash that the first waiting op follows, if the power went
// between a late answer and the mark.
func (s *Saved) recall(store local.Store) error {
	if len(s.Queue) == 0 || s.Queue[0].Result != nil || s.Queue[0].Seq-1 <= s.Mark.Base {
		return nil
	}
	before := s.Queue[0].Seq - 1
	kept, err := store.Kept(before, 1)
	if err != nil {
		return fmt.Errorf("read kept ops: %w", err)
	}
	if len(kept) == 1 && kept[0].Seq == before {
		s.Mark.Base, s.Mark.Hash = before, kept[0].Hash
	}
	return nil
}

// newestReceipt is what proves the newest answer to the server, nil if there is nothing.
func newestReceipt(store local.Store, s Saved) ([]byte, error) {
	answered := s.State.Last
	for _, q := range s.Queue {
		if q.Result == nil {
			answered = q.Seq - 1
			break
		}
	}
	ops, err := store.Kept(max(answered, 1), 1)
	if err != nil || len(ops) == 0 {
		return nil, err
	}
	var answer wire.Answer
	err = wire.DecodeRow(ops[0].Result, &answer)
	return answer.Receipt, err
}
