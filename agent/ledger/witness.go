package ledger

import (
	"bytes"
	"encoding/json"
	"os"

	"nightdesk/agent/circ"
	"nightdesk/agent/contract"
)

// witness lies beside the ledger and says what the last acknowledged commit
// was, so that one that has vanished from the end of the log is missed. It is
// written after the commit and not synced: after a power cut it may be older
// than the ledger, and it is never newer than what the disk has confirmed.
type witness struct {
	Serial   int64         `json:"serial"`
	Epoch    circ.Epoch    `json:"epoch"`
	Base     uint64        `json:"base"`
	BaseHash contract.Hash `json:"base_hash"`
	Head     uint64        `json:"head"`
	HeadHash contract.Hash `json:"head_hash"`
	Acked    uint64        `json:"acked"`
	Sum      []byte        `json:"sum"`
}

// witnessSize is the file's, so that it is overwritten where it lies: it needs
// no room on a full disk, and fits a sector.
const witnessSize = 512

func witnessPath(path string) string { return path + "-last" }

func (w witness) chain() chain {
	return chain{epoch: w.Epoch, current: true, base: w.Base, baseHash: w.BaseHash, head: w.Head, hHash: w.HeadHash, acked: w.Acked}
}

func (w witness) sum() []byte { return sum("witness", number(w.Serial), w.chain().sum()) }

// witness writes down what has just been acknowledged. It is a second opinion:
// that it cannot be written is no reason not to go on.
func (l *Ledger) witness(serial int64) {
	c := l.grown
	w := witness{Serial: serial, Epoch: c.epoch, Base: c.base, BaseHash: c.baseHash, Head: c.head, HeadHash: c.hHash, Acked: c.acked}
	w.Sum = w.sum()
	text, err := json.Marshal(w)
	if err != nil || len(text) >= witnessSize {
		return
	}
	f, err := os.OpenFile(witnessPath(l.path), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return
	}
	defer f.Close()
	f.WriteAt(append(text, bytes.Repeat([]byte{'\n'}, witnessSize-len(text))...), 0)
}

// readWitness is what the witness says, if there is one that can be believed.
func readWitness(path string) (w witness, ok bool) {
	text, err := os.ReadFile(witnessPath(path))
	if err != nil || json.Unmarshal(bytes.TrimRight(text, "\n"), &w) != nil || !bytes.Equal(w.Sum, w.sum()) {
		return witness{}, false
	}
	return w, true
}
