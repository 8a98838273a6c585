package contract

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"unicode/utf8"
)

// maxDepth is how deep a message's JSON may nest.
const maxDepth = 24

// BatchHeader is how many bytes of MaxBatchBytes a batch's own fields can
// take; the rest, less one comma an event, is room for events.
const BatchHeader = 512

// Encode turns a message into what is published: JSON, checked against the
// limits of version 1, signed. The kind must be the one that the type is for.
func Encode[T any](kind Kind, v T, key ed25519.PrivateKey) ([]byte, error) {
	if err := check(kind, v); err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	payload, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %s: %w", kind, err)
	}
	return Sign(kind, payload, key)
}

// Decode opens a message (Open) and reads it. Fields that this version does
// not know are passed over; size, depth and UTF-8 are checked, and what
// the limits of version 1 say of the kind. Errors are those of Open.
func Decode[T any](kind Kind, msg []byte, key ed25519.PublicKey) (T, error) {
	var v T
	payload, err := Open(kind, msg, key)
	if err != nil {
		return v, err
	}
	if err := bounded(payload); err != nil {
		return v, fmt.Errorf("decode %s: %w", kind, err)
	}
	if err := json.Unmarshal(payload, &v); err != nil {
		return v, fmt.Errorf("decode %s: %w: %w", kind, ErrMalformed, err)
	}
	if err := check(kind, v); err != nil {
		return v, fmt.Errorf("decode %s: %w", kind, err)
	}
	return v, nil
}

// EncodeEvent is an event's one and only encoding: compact JSON, so that it
// passes through a batch unchanged. ErrTooLarge above MaxEventBytes.
func EncodeEvent(e Event) ([]byte, error) {
	b, err := marshal(e)
	if err != nil {
		return nil, fmt.Errorf("encode event %d, %s: %w", e.N, e.Type, err)
	}
	if len(b) > MaxEventBytes {
		return nil, fmt.Errorf("encode event %d, %s, of %d bytes: %w", e.N, e.Type, len(b), ErrTooLarge)
	}
	return b, nil
}

// Raw gives the events' bytes, as the chain takes them.
func (b Batch) Raw() [][]byte {
	raw := make([][]byte, len(b.Events))
	for i, e := range b.Events {
		raw[i] = e
	}
	return raw
}

// Cut keeps the oldest events of a batch, as many as the limits of version 1
// allow, and sets To to the last of them.
func (b Batch) Cut() Batch {
	room := MaxBatchBytes - BatchHeader
	for i, e := range b.Events {
		room -= len(e) + 1
		if i == MaxEvents || room < 0 {
			b.Events, b.To = b.Events[:i], b.From+uint64(i)-1
			break
		}
	}
	return b
}

// check says whether a message keeps the rules of its kind.
func check(kind Kind, v any) error {
	switch m := v.(type) {
	case Batch:
		return first(checkHead(kind, KindBatch, m.V), m.check)
	case Hello:
		return checkHead(kind, KindHello, m.V)
	case Pull:
		return first(checkHead(kind, KindPull, m.V), m.check)
	case Status:
		return checkHead(kind, KindStatus, m.V)
	case Heartbeat:
		return checkHead(kind, KindHeartbeat, m.V)
	case Ask:
		return first(checkHead(kind, KindAsk, m.V), m.Check)
	case Ack:
		return first(checkHead(kind, KindAck, m.V), m.Statement.is(kind))
	case Chunk:
		return first(checkHead(kind, KindChunk, m.V), m.Statement.is(kind))
	case Head:
		return first(checkHead(kind, KindHead, m.V), m.Statement.is(kind))
	case Answer:
		return first(checkHead(kind, KindAnswer, m.V), m.Statement.is(kind))
	}
	return fmt.Errorf("%w: no message is a %T", ErrKind, v)
}

func first(err error, then func() error) error {
	if err != nil {
		return err
	}
	return then()
}

func checkHead(got, want Kind, version int) error {
	if got != want {
		return fmt.Errorf("%w: %s, not %s", ErrKind, want, got)
	}
	if version != Version {
		return fmt.Errorf("%w: version %d", ErrMalformed, version)
	}
	return nil
}

// is says that the kind stands inside the message too.
func (s Statement) is(kind Kind) func() error {
	return func() error {
		if s.Type != kind {
			return fmt.Errorf("%w: type %q inside", ErrKind, clip(string(s.Type)))
		}
		return nil
	}
}

func (p Pull) check() error {
	if p.Feed != FeedItems && p.Feed != FeedOwn {
		return fmt.Errorf("%w: feed %q", ErrMalformed, clip(string(p.Feed)))
	}
	return nil
}

// check keeps sync's promise that numbers have no gaps: From to To are exactly
// the events there are, and each carries the number of its place.
func (b Batch) check() error {
	count := uint64(len(b.Events))
	if count == 0 || count > MaxEvents {
		return fmt.Errorf("%w: %d events", ErrMalformed, count)
	}
	if b.From == 0 || b.To != b.From+count-1 || b.To < b.From {
		return fmt.Errorf("%w: %d to %d with %d events", ErrMalformed, b.From, b.To, count)
	}
	for i, event := range b.Events {
		if err := checkEvent(b.From+uint64(i), event); err != nil {
			return err
		}
	}
	return nil
}

func checkEvent(n uint64, event json.RawMessage) error {
	if len(event) > MaxEventBytes {
		return fmt.Errorf("event %d of %d bytes: %w", n, len(event), ErrTooLarge)
	}
	var said struct {
		N uint64 `json:"n"`
	}
	if err := json.Unmarshal(event, &said); err != nil {
		return fmt.Errorf("%w: event %d: %w", ErrMalformed, n, err)
	}
	if said.N != n {
		return fmt.Errorf("%w: event %d says it is %d", ErrMalformed, n, said.N)
	}
	// Inside a batch the encoder would take the spaces out, and the chain
	// would break.
	var tight bytes.Buffer
	if err := json.Compact(&tight, event); err != nil || !bytes.Equal(tight.Bytes(), event) {
		return fmt.Errorf("%w: event %d is not compact", ErrMalformed, n)
	}
	return nil
}

// marshal is json.Marshal without its escapes for HTML: they would change the
// bytes of events that the chain covers.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// bounded refuses what a JSON reader should not be asked to look at: text
// that is not UTF-8, and nesting without an end.
func bounded(text []byte) error {
	if !utf8.Valid(text) {
		return fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
		if depth > maxDepth {
			return fmt.Errorf("%w: nested deeper than %d", ErrMalformed, maxDepth)
		}
	}
	return nil
}
