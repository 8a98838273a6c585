package contract

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
)

// The example of DSSE v1.0, protocol.md, "Test Vectors".
func TestPreAuthenticationEncoding(t *testing.T) {
	got := string(preAuth("http://example.com/HelloWorld", []byte("hello world")))
	if want := "DSSEv1 29 http://example.com/HelloWorld 11 hello world"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func mustSign(t *testing.T, kind Kind, payload string) []byte {
	t.Helper()
	msg, err := Sign(kind, []byte(payload), testKey)
	if err != nil {
		t.Fatal(err)
	}
	return msg
}

func TestSignAndOpen(t *testing.T) {
	long := `{"text":"` + strings.Repeat("the same again, ", 500) + `"}`
	for _, payload := range []string{"{}", "  { }\n", `{"a":"<&>\u2028"}`, long} {
		msg := mustSign(t, KindHello, payload)
		got, err := Open(KindHello, msg, public)
		if err != nil || string(got) != payload {
			t.Errorf("got %q, %v, want %q", got, err, payload)
		}
		if kind, err := PeekKind(msg); kind != KindHello || err != nil {
			t.Errorf("got %q, %v, want %q", kind, err, KindHello)
		}
	}
	if msg := mustSign(t, KindHello, long); len(msg) > 500 {
		t.Errorf("a text of %d bytes that repeats itself takes %d bytes", len(long), len(msg))
	}
}

// change edits a message's envelope and leaves its signature as it was.
func change(t *testing.T, msg []byte, edit func(*envelope)) []byte {
	t.Helper()
	var e envelope
	if err := json.Unmarshal(msg, &e); err != nil {
		t.Fatal(err)
	}
	edit(&e)
	return raw(t, e)
}

func resign(e *envelope) {
	body, _ := base64.StdEncoding.DecodeString(e.Payload)
	e.Signatures[0].Sig = base64.StdEncoding.EncodeToString(ed25519.Sign(testKey, preAuth(e.PayloadType, body)))
}

func TestOpenRefuses(t *testing.T) {
	msg := mustSign(t, KindAck, `{"a":1}`)
	zipped := mustSign(t, KindAck, `{"a":"`+strings.Repeat("x", 1000)+`"}`)
	bomb := zipper().EncodeAll(make([]byte, 4<<20), nil)
	random := make([]byte, 300)
	rand.NewChaCha8([32]byte{}).Read(random)

	for _, c := range []struct {
		name string
		msg  []byte
		key  ed25519.PublicKey
		want error
	}{
		{"nothing", nil, public, ErrMalformed},
		{"not JSON", []byte("hello"), public, ErrMalformed},
		{"a list", []byte("[]"), public, ErrMalformed},
		{"not UTF-8", []byte("{\"payload\":\"\xff\"}"), public, ErrMalformed},
		{"nested", bytes.Repeat([]byte("["), 1000), public, ErrMalformed},
		{"two envelopes", append(bytes.Clone(msg), msg...), public, ErrMalformed},
		{"an unknown field", append([]byte(`{"x":1,`), msg[1:]...), public, ErrMalformed},
		{"over the limit", append(bytes.Clone(msg), bytes.Repeat([]byte(" "), MaxMessage)...), public, ErrTooLarge},
		{"no signatures", change(t, msg, func(e *envelope) { e.Signatures = nil }), public, ErrUnsigned},
		{"an empty list", change(t, msg, func(e *envelope) { e.Signatures = []signature{} }), public, ErrUnsigned},
		{"an empty signature", change(t, msg, func(e *envelope) { e.Signatures[0].Sig = "" }), public, ErrUnsigned},
		{"the payload bare", []byte(`{"a":1}`), public, ErrMalformed},
		{"another key", msg, otherKey.Public().(ed25519.PublicKey), ErrSignature},
		{"no key", msg, nil, ErrSignature},
		{"a short signature", change(t, msg, func(e *envelope) { e.Signatures[0].Sig = "AAAA" }), public, ErrSignature},
		{"another payload", change(t, msg, func(e *envelope) { e.Payload = "eyJhIjoyfQ==" }), public, ErrSignature},
		{"called a head", change(t, msg, func(e *envelope) { e.PayloadType = typePrefix + "head" + typePlain }), public, ErrSignature},
		{"called compressed", change(t, msg, func(e *envelope) { e.PayloadType += "+zstd" }), public, ErrSignature},
		{"called plain", change(t, zipped, func(e *envelope) { e.PayloadType = typePrefix + "ack" + typePlain }), public, ErrSignature},
		{"loose base64", change(t, msg, func(e *envelope) { e.Payload = "eyJhIjoxfR==" }), public, ErrMalformed},
		{"base64 in lines", change(t, msg, func(e *envelope) { e.Payload = "eyJh\nIjoxfQ==" }), public, ErrMalformed},
		{"a good head", mustSign(t, KindHead, "{}"), public, ErrKind},
		{"signed in another tongue", change(t, msg, func(e *envelope) { e.PayloadType = "text/plain"; resign(e) }), public, ErrKind},
		{"another version", change(t, msg, func(e *envelope) { e.PayloadType = typePrefix + "ack.v2+json"; resign(e) }), public, ErrKind},
		{"signed rubbish as zstd", change(t, zipped, func(e *envelope) {
			e.Payload = base64.StdEncoding.EncodeToString(random)
			resign(e)
		}), public, ErrMalformed},
		{"a signed bomb", change(t, zipped, func(e *envelope) {
			e.Payload = base64.StdEncoding.EncodeToString(bomb)
			resign(e)
		}), public, ErrTooLarge},
		{"a signed small bomb", change(t, zipped, func(e *envelope) {
			e.Payload = base64.StdEncoding.EncodeToString(zipper().EncodeAll(make([]byte, maxSmallRaw+1), nil))
			resign(e)
		}), public, ErrTooLarge},
		{"too many signatures", change(t, msg, func(e *envelope) {
			for range maxSignatures {
				e.Signatures = append(e.Signatures, e.Signatures[0])
			}
		}), public, ErrMalformed},
	} {
		got, err := Open(KindAck, c.msg, c.key)
		if !errors.Is(err, c.want) || got != nil {
			t.Errorf("%s: got %q, %v, want %v", c.name, got, err, c.want)
		}
	}
}

func TestOpenTakesTheSecondSignature(t *testing.T) {
	msg := change(t, mustSign(t, KindAck, "{}"), func(e *envelope) {
		e.Signatures = append([]signature{{KeyID: "old", Sig: "AAAA"}}, e.Signatures...)
	})
	if _, err := Open(KindAck, msg, public); err != nil {
		t.Error(err)
	}
}

func TestSignRefuses(t *testing.T) {
	noise := make([]byte, 60<<10)
	rand.NewChaCha8([32]byte{}).Read(noise)
	if _, err := Sign(KindBatch, make([]byte, MaxBatchBytes+1), testKey); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a batch over its limit: got %v, want %v", err, ErrTooLarge)
	}
	if _, err := Sign(KindChunk, noise, testKey); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a chunk that does not shrink: got %v, want %v", err, ErrTooLarge)
	}
	if _, err := Sign(KindBatch, noise, testKey); err != nil {
		t.Errorf("a batch within its limit that does not shrink: %v", err)
	}
	if _, err := Sign(KindAck, nil, nil); err == nil {
		t.Error("signed without a key")
	}
}

// What opens opens again to the same bytes after it was signed anew, and
// nothing at all makes Open fall over.
func FuzzOpen(f *testing.F) {
	for _, payload := range []string{"{}", strings.Repeat(`{"a":"b"}`, 200)} {
		msg, err := Sign(KindAck, []byte(payload), testKey)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(msg, []byte(payload))
	}
	f.Add([]byte(`{"payloadType":"application/vnd.nightdesk.ack.v1+json","payload":"","signatures":[]}`), []byte{0})
	f.Fuzz(func(t *testing.T, msg, payload []byte) {
		if opened, err := Open(KindAck, msg, public); err == nil {
			payload = opened
		}
		_, _ = Decode[Ack](KindAck, msg, public)
		_, _ = PeekKind(msg)
		signed, err := Sign(KindAck, payload, testKey)
		if errors.Is(err, ErrTooLarge) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		again, err := Open(KindAck, signed, public)
		if err != nil || !bytes.Equal(again, payload) {
			t.Errorf("got %q, %v, want %q", again, err, payload)
		}
	})
}

// The signature check stands before everything else, so the fuzzer above
// hardly reaches what comes after it: here every payload is signed.
func FuzzSignedPayload(f *testing.F) {
	f.Add([]byte(`{"v":1,"type":"ack"}`), false)
	f.Add(zipper().EncodeAll([]byte(`{"v":1,"type":"ack"}`), nil), true)
	f.Fuzz(func(t *testing.T, body []byte, packed bool) {
		mediaType := typePrefix + string(KindAck) + typePlain
		if packed {
			mediaType = typePrefix + string(KindAck) + typeZstd
		}
		e := envelope{mediaType, base64.StdEncoding.EncodeToString(body), make([]signature, 1)}
		resign(&e)
		msg, err := marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := Open(KindAck, msg, public)
		if err == nil && len(payload) > maxSmallRaw {
			t.Errorf("opened to %d bytes, want at most %d", len(payload), maxSmallRaw)
		}
		_, _ = Decode[Ack](KindAck, msg, public)
	})
}
