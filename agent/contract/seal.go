package contract

import (
	"crypto/ecdh"
	"crypto/hpke"
	"crypto/rand"
	"errors"
	"fmt"

	"nightdesk/agent/circ"
)

// SealKey is central's public HPKE key: kiosks seal card numbers to it.
type SealKey []byte

// UnsealKey is the private half. It never leaves central.
type UnsealKey []byte

// String hides the key.
func (UnsealKey) String() string { return "unseal key" }

// GoString hides the key.
func (k UnsealKey) GoString() string { return k.String() }

// ErrSealed says that a seal does not open: another key, another kiosk,
// another transaction, or other bytes.
var ErrSealed = errors.New("the seal does not open")

// The suite of version 1 (RFC 9180, table 2, 3 and 5): DHKEM(X25519,
// HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305.
func suite() (hpke.KEM, hpke.KDF, hpke.AEAD) {
	return hpke.DHKEM(ecdh.X25519()), hpke.HKDFSHA256(), hpke.ChaCha20Poly1305()
}

// NewSealKeys makes a pair of sealing keys.
func NewSealKeys() (UnsealKey, SealKey, error) {
	priv, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make sealing keys: %w", err)
	}
	return priv.Bytes(), priv.PublicKey().Bytes(), nil
}

// Public is the key that seals to k.
func (k UnsealKey) Public() (SealKey, error) {
	priv, err := ecdh.X25519().NewPrivateKey(k)
	if err != nil {
		return nil, fmt.Errorf("read the unseal key: %w", err)
	}
	return priv.PublicKey().Bytes(), nil
}

// Seal encrypts a card number so that only central can read it, and only as
// part of the event it was sealed for: kiosk, transaction and type are HPKE's
// info (RFC 9180, 5.1).
func Seal(pub SealKey, kiosk string, tx circ.Tx, t EventType, card circ.Card) (Sealed, error) {
	info, err := sealInfo(kiosk, tx, t)
	if err != nil {
		return nil, fmt.Errorf("seal a card: %w", err)
	}
	sealed, err := sealTo(pub, info, []byte(card))
	if err != nil {
		return nil, fmt.Errorf("seal a card: %w", err)
	}
	return sealed, nil
}

// sealTo is HPKE's one-shot encryption (RFC 9180, 6.1).
func sealTo(pub SealKey, info, text []byte) (Sealed, error) {
	kem, kdf, aead := suite()
	key, err := kem.NewPublicKey(pub)
	if err != nil {
		return nil, err
	}
	return hpke.Seal(key, kdf, aead, info, text)
}

// unsealWith opens what sealTo sealed. ErrSealed if it does not open.
func unsealWith(priv UnsealKey, info []byte, s Sealed) ([]byte, error) {
	kem, kdf, aead := suite()
	key, err := kem.NewPrivateKey(priv)
	if err != nil {
		return nil, err
	}
	text, err := hpke.Open(key, kdf, aead, info, s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSealed, err)
	}
	return text, nil
}

// Unseal reads a sealed card number. ErrSealed if it was sealed for another
// key or another event.
func Unseal(priv UnsealKey, kiosk string, tx circ.Tx, t EventType, s Sealed) (circ.Card, error) {
	info, err := sealInfo(kiosk, tx, t)
	if err != nil {
		return "", fmt.Errorf("unseal a card: %w", err)
	}
	card, err := unsealWith(priv, info, s)
	if err != nil {
		return "", fmt.Errorf("unseal a card: %w", err)
	}
	return circ.Card(card), nil
}

// sealInfo is canonical JSON: the three keys in alphabetical order, no spaces.
func sealInfo(kiosk string, tx circ.Tx, t EventType) ([]byte, error) {
	return marshal(struct {
		Kiosk string    `json:"kiosk"`
		Tx    circ.Tx   `json:"tx"`
		Type  EventType `json:"type"`
	}{kiosk, tx, t})
}
