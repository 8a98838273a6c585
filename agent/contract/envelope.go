package contract

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Why a message was refused.
var (
	// ErrUnsigned says that there is no signature. There is no switch that
	// would let such a message pass (design D5).
	ErrUnsigned = errors.New("the message is not signed")
	// ErrSignature says that no signature fits the key, the kind and the bytes.
	ErrSignature = errors.New("the signature does not fit")
	// ErrKind says that a good message is of another kind than was expected.
	ErrKind = errors.New("the message is of another kind")
	// ErrTooLarge says that a message or what it unpacks to is over its limit.
	ErrTooLarge = errors.New("the message is too large")
	// ErrMalformed says that the bytes are no message of this contract.
	ErrMalformed = errors.New("the message is malformed")
)

const (
	typePrefix = "application/vnd.nightdesk."
	typePlain  = ".v1+json"
	typeZstd   = ".v1+json+zstd"

	maxSignatures = 4   // room for a second key while keys are changed
	tooSmallToZip = 256 // bytes below which zstd gains nothing
	maxChunkRaw   = 512 << 10
	maxSmallRaw   = 32 << 10 // every kind but batch and chunk
)

// envelope is a DSSE envelope in its JSON form (Dead Simple Signing Envelope
// v1.0, envelope.md).
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"`
	Signatures  []signature `json:"signatures"`
}

type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"`
}

// limit is how large a kind's JSON may be, in bytes before compression.
func limit(kind Kind) int {
	switch kind {
	case KindBatch:
		return MaxBatchBytes
	case KindChunk:
		return maxChunkRaw
	}
	return maxSmallRaw
}

// Sign wraps a payload into a signed envelope, compressed when that is
// smaller. ErrTooLarge if the payload or the message is over the kind's limit.
func Sign(kind Kind, payload []byte, key ed25519.PrivateKey) ([]byte, error) {
	if len(key) != ed25519.PrivateKeySize {
		return nil, fmt.Errorf("sign %s: the key has %d bytes, not %d", kind, len(key), ed25519.PrivateKeySize)
	}
	if len(payload) > limit(kind) {
		return nil, fmt.Errorf("sign %s of %d bytes: %w", kind, len(payload), ErrTooLarge)
	}
	body, mediaType := pack(kind, payload)
	e := envelope{
		PayloadType: mediaType,
		Payload:     base64.StdEncoding.EncodeToString(body),
		Signatures: []signature{{
			KeyID: KeyID(key.Public().(ed25519.PublicKey)),
			Sig:   base64.StdEncoding.EncodeToString(ed25519.Sign(key, preAuth(mediaType, body))),
		}},
	}
	msg, err := marshal(e)
	if err != nil {
		return nil, fmt.Errorf("sign %s: %w", kind, err)
	}
	if len(msg) > maxPublished(kind) {
		return nil, fmt.Errorf("sign %s into %d bytes: %w", kind, len(msg), ErrTooLarge)
	}
	return msg, nil
}

func maxPublished(kind Kind) int {
	if kind == KindChunk {
		return MaxChunkBytes
	}
	return MaxMessage
}

// Open checks the signature, the kind and the limits, and returns the exact
// payload bytes. Nothing is unpacked before its signature has been found good.
// Errors: ErrUnsigned, ErrSignature, ErrKind, ErrTooLarge, ErrMalformed.
func Open(kind Kind, msg []byte, key ed25519.PublicKey) ([]byte, error) {
	e, body, err := parse(msg)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", kind, err)
	}
	if err := e.verify(body, key); err != nil {
		return nil, fmt.Errorf("open %s: %w", kind, err)
	}
	got, packed, err := splitType(e.PayloadType)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", kind, err)
	}
	if got != kind {
		return nil, fmt.Errorf("open %s: %w: %s", kind, ErrKind, got)
	}
	return unpack(kind, packed, body)
}

// PeekKind reads a message's kind without believing it: it serves to choose
// what to open the message as.
func PeekKind(msg []byte) (Kind, error) {
	e, _, err := parse(msg)
	if err != nil {
		return "", fmt.Errorf("look at a message: %w", err)
	}
	kind, _, err := splitType(e.PayloadType)
	return kind, err
}

func parse(msg []byte) (envelope, []byte, error) {
	var e envelope
	if len(msg) > MaxMessage {
		return e, nil, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(msg))
	}
	if err := bounded(msg); err != nil {
		return e, nil, err
	}
	dec := json.NewDecoder(bytes.NewReader(msg))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&e); err != nil {
		return e, nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return e, nil, fmt.Errorf("%w: something follows the envelope", ErrMalformed)
	}
	body, err := strictBase64(e.Payload)
	return e, body, err
}

func (e envelope) verify(body []byte, key ed25519.PublicKey) error {
	if !slices.ContainsFunc(e.Signatures, func(s signature) bool { return s.Sig != "" }) {
		return ErrUnsigned
	}
	if len(e.Signatures) > maxSignatures {
		return fmt.Errorf("%w: %d signatures", ErrMalformed, len(e.Signatures))
	}
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("%w: the key has %d bytes", ErrSignature, len(key))
	}
	signed := preAuth(e.PayloadType, body)
	for _, s := range e.Signatures {
		sig, err := strictBase64(s.Sig)
		if err == nil && len(sig) == ed25519.SignatureSize && ed25519.Verify(key, signed, sig) {
			return nil
		}
	}
	return ErrSignature
}

// preAuth is DSSE's pre-authentication encoding (DSSE v1.0, protocol.md):
// "DSSEv1" SP len(type) SP type SP len(body) SP body, lengths in decimal.
func preAuth(mediaType string, body []byte) []byte {
	b := append([]byte("DSSEv1 "), strconv.Itoa(len(mediaType))...)
	b = append(b, ' ')
	b = append(b, mediaType...)
	b = append(b, ' ')
	b = append(b, strconv.Itoa(len(body))...)
	b = append(b, ' ')
	return append(b, body...)
}

func splitType(mediaType string) (kind Kind, packed bool, err error) {
	name, ours := strings.CutPrefix(mediaType, typePrefix)
	name, packed = strings.CutSuffix(name, typeZstd)
	plain := packed
	if !packed {
		name, plain = strings.CutSuffix(name, typePlain)
	}
	if !ours || !plain || !validName(name) {
		return "", false, fmt.Errorf("%w: media type %q", ErrKind, clip(mediaType))
	}
	return Kind(name), packed, nil
}

func pack(kind Kind, payload []byte) (body []byte, mediaType string) {
	if len(payload) >= tooSmallToZip {
		if z := zipper().EncodeAll(payload, nil); len(z) < len(payload) {
			return z, typePrefix + string(kind) + typeZstd
		}
	}
	return payload, typePrefix + string(kind) + typePlain
}

func unpack(kind Kind, packed bool, body []byte) ([]byte, error) {
	if packed {
		raw, err := unzipper().DecodeAll(body, nil)
		if errors.Is(err, zstd.ErrDecoderSizeExceeded) || errors.Is(err, zstd.ErrWindowSizeExceeded) {
			return nil, fmt.Errorf("open %s: %w", kind, ErrTooLarge)
		}
		if err != nil {
			return nil, fmt.Errorf("open %s: %w: %w", kind, ErrMalformed, err)
		}
		body = raw
	}
	if len(body) > limit(kind) {
		return nil, fmt.Errorf("open %s of %d bytes: %w", kind, len(body), ErrTooLarge)
	}
	return body, nil
}

// The coders are made once because each holds large tables; EncodeAll and
// DecodeAll may be called from any goroutine and start none.
var (
	zipper = sync.OnceValue(func() *zstd.Encoder {
		return must(zstd.NewWriter(nil, zstd.WithEncoderCRC(false), zstd.WithWindowSize(512<<10),
			zstd.WithLowerEncoderMem(true)))
	})
	unzipper = sync.OnceValue(func() *zstd.Decoder {
		return must(zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxChunkRaw), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderConcurrency(2)))
	})
)

// must is for coders whose options are constants: they cannot fail in the
// field if they do not fail in the first test.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func strictBase64(s string) ([]byte, error) {
	// The decoder passes over line ends even when it is strict.
	if strings.ContainsAny(s, "\r\n") {
		return nil, fmt.Errorf("%w: a line end in base64", ErrMalformed)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMalformed, err)
	}
	return b, nil
}

// clip keeps a stranger's text short enough for an error.
func clip(s string) string {
	if len(s) > 80 {
		return s[:80] + "…"
	}
	return s
}
