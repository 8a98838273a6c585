package contract

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Next is the chain's next link: SHA-256(h, n as 8 bytes big-endian, event).
// The event's bytes are those that were committed, never encoded anew.
func (h Hash) Next(n uint64, event []byte) Hash {
	link := make([]byte, 0, len(h)+8+len(event))
	link = append(link, h[:]...)
	link = binary.BigEndian.AppendUint64(link, n)
	return sha256.Sum256(append(link, event...))
}

// Walk links all of the events, the first of which has the number from.
func (h Hash) Walk(from uint64, events [][]byte) Hash {
	for i, event := range events {
		h = h.Next(from+uint64(i), event)
	}
	return h
}

// String gives the hash in 64 lower-case hexadecimal digits.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// MarshalText writes the hash as String does.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads 64 hexadecimal digits.
func (h *Hash) UnmarshalText(text []byte) error {
	b, err := hex.DecodeString(string(text))
	if err != nil || len(b) != len(h) {
		return fmt.Errorf("hash %q is not 64 hexadecimal digits", text)
	}
	copy(h[:], b)
	return nil
}
