package contract

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"

	"nightdesk/agent/circ"
)

// KeyID is a public key's short name: the first 8 bytes of its SHA-256, in
// hexadecimal. It helps to find the key and proves nothing.
func KeyID(pub ed25519.PublicKey) string {
	sum := sha256.Sum256(pub)
	return hex.EncodeToString(sum[:8])
}

// CardKey is how a kiosk knows a card again: HMAC-SHA256(K, "card" 0x00 card),
// cut to 16 bytes (design D6). No card has the zero key.
func CardKey(k []byte, card circ.Card) circ.CardKey {
	if card == "" {
		return circ.CardKey{}
	}
	return circ.CardKey(keyed(k, "card", string(card))[:16])
}

// Mark is how a kiosk knows whether a card is an item's holder:
// HMAC-SHA256(K, "item" 0x00 item 0x00 card), cut to 4 bytes (design D6).
func Mark(k []byte, item circ.ItemID, card circ.Card) circ.HolderMark {
	return circ.HolderMark(keyed(k, "item", string(item), string(card))[:4])
}

// keyed is HMAC-SHA256 over the parts with a zero byte between them.
func keyed(k []byte, parts ...string) []byte {
	h := hmac.New(sha256.New, k)
	for i, part := range parts {
		if i > 0 {
			h.Write([]byte{0})
		}
		h.Write([]byte(part))
	}
	return h.Sum(nil)
}
