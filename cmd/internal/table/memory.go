package table

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"sync"

	"nightdesk/drivers"
)

// memoryFile keeps what tags say to the gate between two runs on the same
// directory. Only tags that were ever written are in it.
type memoryFile struct {
	path string

	mu  sync.Mutex // guards afi
	afi map[drivers.UID]drivers.AFI
}

func (m *memoryFile) load() (map[drivers.UID]drivers.AFI, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.afi = map[drivers.UID]drivers.AFI{}
	text, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &m.afi)
	}
	if err != nil {
		return nil, fmt.Errorf("read what the tags say: %w", err)
	}
	return maps.Clone(m.afi), nil
}

// note keeps a change on the disk at once: this program may be killed.
func (m *memoryFile) note(uid drivers.UID, afi drivers.AFI) {
	m.mu.Lock()
	m.afi[uid] = afi
	m.mu.Unlock()
	_ = m.save() // Close saves again and tells what is wrong
}

func (m *memoryFile) save() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, err := json.Marshal(m.afi)
	if err == nil {
		err = os.WriteFile(m.path+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(m.path+".new", m.path)
	}
	if err != nil {
		return fmt.Errorf("keep what the tags say: %w", err)
	}
	return nil
}
