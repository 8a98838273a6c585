package contract

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func decodeAny(kind Kind, msg []byte) (any, error) {
	switch kind {
	case KindBatch:
		return Decode[Batch](kind, msg, public)
	case KindHello:
		return Decode[Hello](kind, msg, public)
	case KindPull:
		return Decode[Pull](kind, msg, public)
	case KindStatus:
		return Decode[Status](kind, msg, public)
	case KindHeartbeat:
		return Decode[Heartbeat](kind, msg, public)
	case KindAck:
		return Decode[Ack](kind, msg, public)
	case KindChunk:
		return Decode[Chunk](kind, msg, public)
	case KindHead:
		return Decode[Head](kind, msg, public)
	case KindAsk:
		return Decode[Ask](kind, msg, public)
	case KindAnswer:
		return Decode[Answer](kind, msg, public)
	}
	return nil, errors.New("no such kind")
}

func TestEveryMessageComesBack(t *testing.T) {
	for kind, want := range messages(t) {
		msg, err := encodeAny(kind, want)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		got, err := decodeAny(kind, msg)
		if err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: sent (-) and received (+) differ:\n%s", kind, diff)
		}
	}
}

func TestEveryEventsDataComesBack(t *testing.T) {
	for typ, want := range eventData {
		var e Event
		if err := json.Unmarshal(event(t, 1, typ, want), &e); err != nil {
			t.Fatal(err)
		}
		got := reflect.New(reflect.TypeOf(want))
		if err := json.Unmarshal(e.Data, got.Interface()); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.Elem().Interface()); diff != "" {
			t.Errorf("%s: written (-) and read (+) differ:\n%s", typ, diff)
		}
	}
}

// The chain goes over the bytes that were committed. json.Marshal would turn
// < into \u003c inside a raw message and so break it.
func TestEventBytesPassUnchanged(t *testing.T) {
	events := []json.RawMessage{
		json.RawMessage(`{"n":1,"t":"tag.fault","d":{"why":"a < b & c > d"}}`),
		json.RawMessage("{\"n\":2,\"t\":\"x\",\"d\":{\"title\":\"Cœur\u2028\u2029 Ångström 本\"}}"),
		json.RawMessage(`{"n":3,"t":"x","d":{"title":"\u003c\u2028\u00e9\ud83d\ude00"}}`),
		json.RawMessage(`{"t":"x","d":{"number":1.50e+02,"big":18446744073709551615},"n":4,"later":"field"}`),
		event(t, 5, LoanIssued, eventData[LoanIssued]),
	}
	var want Hash
	for i, e := range events {
		want = want.Next(uint64(i+1), e)
	}
	msg, err := Encode(KindBatch, batch(1, events...), testKey)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Decode[Batch](KindBatch, msg, public)
	if err != nil {
		t.Fatal(err)
	}
	for i, e := range events {
		if !bytes.Equal(got.Events[i], e) {
			t.Errorf("event %d: got %s, want %s", i+1, got.Events[i], e)
		}
	}
	if h := (Hash{}).Walk(1, got.Raw()); h != want {
		t.Errorf("chain: got %s, want %s", h, want)
	}
}

func TestBatchesAreRefused(t *testing.T) {
	one, two := json.RawMessage(`{"n":1}`), json.RawMessage(`{"n":2}`)
	filler := func(n uint64, size int) json.RawMessage {
		return raw(t, map[string]any{"n": n, "x": strings.Repeat("x", size)})
	}
	many := make([]json.RawMessage, MaxEvents+1)
	for i := range many {
		many[i] = filler(uint64(i+1), 1)
	}
	edit := func(b Batch, f func(*Batch)) Batch { f(&b); return b }

	for _, c := range []struct {
		name string
		b    Batch
		want error
	}{
		{"no events", batch(1), ErrMalformed},
		{"too many", batch(1, many...), ErrMalformed},
		{"from zero", batch(0, json.RawMessage(`{"n":0}`)), ErrMalformed},
		{"to is wrong", edit(batch(1, one, two), func(b *Batch) { b.To = 3 }), ErrMalformed},
		{"over the end of numbers", batch(1<<64-1, json.RawMessage(`{"n":18446744073709551615}`), json.RawMessage(`{"n":0}`)), ErrMalformed},
		{"a gap", batch(1, one, json.RawMessage(`{"n":3}`)), ErrMalformed},
		{"out of order", batch(1, two, one), ErrMalformed},
		{"no number", batch(1, json.RawMessage(`{}`)), ErrMalformed},
		{"no object", batch(1, json.RawMessage(`1`)), ErrMalformed},
		{"not compact", batch(1, json.RawMessage(`{"n": 1}`)), ErrMalformed},
		{"a large event", batch(1, filler(1, MaxEventBytes)), ErrTooLarge},
		{"large in all", batch(1, filler(1, 8000), filler(2, 8000), filler(3, 8000), filler(4, 8000), filler(5, 8000),
			filler(6, 8000), filler(7, 8000), filler(8, 8000), filler(9, 8000)), ErrTooLarge},
		{"another version", edit(batch(1, one), func(b *Batch) { b.V = 2 }), ErrMalformed},
	} {
		if _, err := Encode(KindBatch, c.b, testKey); !errors.Is(err, c.want) {
			t.Errorf("encode, %s: got %v, want %v", c.name, err, c.want)
		}
		payload, err := marshal(c.b)
		if err != nil {
			t.Fatal(err)
		}
		msg, err := Sign(KindBatch, payload, testKey)
		if err != nil { // too large for a signature, as it should be
			continue
		}
		// Compacting hides the one fault that only an encoder can commit.
		if _, err := Decode[Batch](KindBatch, msg, public); !errors.Is(err, c.want) && c.name != "not compact" {
			t.Errorf("decode, %s: got %v, want %v", c.name, err, c.want)
		}
	}
}

func TestCut(t *testing.T) {
	var events []json.RawMessage
	for n := uint64(5); n < 130; n++ {
		events = append(events, raw(t, map[string]any{"n": n}))
	}
	if got := batch(5, events...).Cut(); got.To != 104 || len(got.Events) != MaxEvents {
		t.Errorf("got %d events to %d, want %d to 104", len(got.Events), got.To, MaxEvents)
	}
	for i := range events {
		events[i] = raw(t, map[string]any{"n": 5 + i, "x": strings.Repeat("x", 8000)})
	}
	got := batch(5, events...).Cut()
	if got.To != 12 || len(got.Events) != 8 {
		t.Errorf("got %d events to %d, want 8 to 12", len(got.Events), got.To)
	}
	if _, err := Encode(KindBatch, got, testKey); err != nil {
		t.Error(err)
	}
}

func TestEventOverItsLimit(t *testing.T) {
	_, err := EncodeEvent(Event{N: 1, Type: TagFault, Data: raw(t, TagNote{Why: strings.Repeat("x", MaxEventBytes)})})
	if !errors.Is(err, ErrTooLarge) {
		t.Errorf("got %v, want %v", err, ErrTooLarge)
	}
}

func TestDecodeRefuses(t *testing.T) {
	deep := `{"v":1,"type":"ack","x":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}`
	for _, c := range []struct {
		name, payload string
		want          error
	}{
		{"not JSON", "x", ErrMalformed},
		{"two values", `{"v":1,"type":"ack"}{}`, ErrMalformed},
		{"not UTF-8", "{\"v\":1,\"type\":\"ack\",\"k\":\"\xff\"}", ErrMalformed},
		{"deep", deep, ErrMalformed},
		{"another version", `{"v":2,"type":"ack"}`, ErrMalformed},
		{"another type inside", `{"v":1,"type":"head"}`, ErrKind},
		{"a number for a name", `{"v":1,"type":"ack","k":1}`, ErrMalformed},
	} {
		if _, err := Decode[Ack](KindAck, mustSign(t, KindAck, c.payload), public); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
	later := mustSign(t, KindAck, `{"v":1,"type":"ack","a_later_field":{"x":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""}}`)
	if _, err := Decode[Ack](KindAck, later, public); err != nil {
		t.Errorf("a field of a later version: %v", err)
	}
	if _, err := Decode[Pull](KindPull, mustSign(t, KindPull, `{"v":1,"feed":"gossip"}`), public); !errors.Is(err, ErrMalformed) {
		t.Errorf("an unknown feed: got %v, want %v", err, ErrMalformed)
	}
	if _, err := Encode(KindHello, Ack{}, testKey); !errors.Is(err, ErrKind) {
		t.Errorf("an ack as a hello: got %v, want %v", err, ErrKind)
	}
}
