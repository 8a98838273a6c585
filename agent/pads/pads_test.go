package pads_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"nightdesk/agent/circ"
	"nightdesk/agent/pads"
	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
	"nightdesk/drivers/label"
)

const (
	loud  drivers.AFI = 0x07
	quiet drivers.AFI = 0xC2
)

// reader is a pad in memory: tags with their AFI, and what goes wrong next.
type reader struct {
	tags   map[drivers.UID]*drivers.Tag
	writes []string
	fail   []error     // one for each coming write; nil writes
	torn   bool        // a failed write leaves a third value
	down   error       // what every command returns
	mad    drivers.UID // a tag of whose answers nobody can make sense
}

func (r *reader) Inventory(context.Context) (uids []drivers.UID, err error) {
	for u := range r.tags {
		uids = append(uids, u)
	}
	slices.SortFunc(uids, func(a, b drivers.UID) int { return slices.Compare(a[:], b[:]) })
	return uids, r.down
}

func (r *reader) Info(_ context.Context, u drivers.UID) (drivers.TagInfo, error) {
	t := r.tags[u]
	if t == nil {
		return drivers.TagInfo{}, drivers.ErrGone
	}
	if u == r.mad {
		return drivers.TagInfo{}, drivers.ErrNonsense
	}
	return drivers.TagInfo{UID: u, AFI: t.AFI, BlockSize: 4, Blocks: len(t.Data) / 4}, r.down
}

func (r *reader) Read(_ context.Context, u drivers.UID, first, n int) ([]byte, error) {
	t := r.tags[u]
	if t == nil {
		return nil, drivers.ErrGone
	}
	return t.Data[first*4 : (first+n)*4], r.down
}

func (r *reader) WriteAFI(_ context.Context, u drivers.UID, afi drivers.AFI) error {
	r.writes = append(r.writes, fmt.Sprintf("%X=%s", u[7], afi))
	if len(r.fail) > 0 {
		err := r.fail[0]
		r.fail = r.fail[1:]
		if err != nil {
			if r.torn {
				r.tags[u].AFI = 0x42
			}
			return err
		}
	}
	r.tags[u].AFI = afi
	return nil
}

func (r *reader) Close() error { return nil }

// book is the ledger as pads see it: wishes, and what was settled.
type book struct {
	wishes  []circ.Wish
	settled []circ.Wish
}

func (b *book) Wanted(_ context.Context, _ circ.Visit, uids []drivers.UID) (out []circ.Wish, err error) {
	for _, w := range b.wishes {
		if slices.Contains(uids, w.UID) {
			out = append(out, w)
		}
	}
	return out, nil
}

func (b *book) Settle(_ context.Context, _ circ.Moment, done ...circ.Wish) (out []circ.Receipt, err error) {
	b.settled = append(b.settled, done...)
	b.wishes = slices.DeleteFunc(b.wishes, func(w circ.Wish) bool { return slices.Contains(done, w) })
	return out, nil
}

type blank struct{}

func (blank) Recall(context.Context, circ.Moment, drivers.UID) (label.Label, bool, error) {
	return label.Label{}, false, nil
}
func (blank) Learn(context.Context, circ.Moment, drivers.UID, label.Label, []byte) error { return nil }

// bench is a pad, a ledger and a clock that moves 100 ms a round.
type bench struct {
	t      *testing.T
	pad    *reader
	ledger *book
	all    *pads.Presence
	watch  *pads.Watch
	mono   time.Duration
	said   []string
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, pad: &reader{tags: map[drivers.UID]*drivers.Tag{}}, ledger: &book{}}
	b.all = pads.New(pads.Config{Security: pads.Security{Loud: loud, Quiet: quiet}, Emit: b.emit,
		Now:   func() circ.Moment { return circ.Moment{Mono: b.mono, Wall: time.Unix(0, 0).Add(b.mono)} },
		Visit: func() circ.Visit { return uuid.Nil }}, b.ledger, blank{})
	b.watch = b.all.Watch("pad", b.pad)
	return b
}

func (b *bench) emit(e pads.Event) {
	switch e := e.(type) {
	case pads.Placed:
		what := e.Label.Item
		if e.Err != nil {
			what = e.Err.Error()
		}
		if e.Found {
			what += " found"
		}
		b.said = append(b.said, "placed "+what)
	case pads.Lifted:
		b.said = append(b.said, fmt.Sprintf("lifted %X", e.UID[7]))
	case pads.Settled:
		b.said = append(b.said, "settled")
	case pads.Stuck:
		b.said = append(b.said, fmt.Sprintf("stuck %X", e.Wish.UID[7]))
	}
}

func (b *bench) rounds(n int) error {
	for range n {
		b.mono += 100 * time.Millisecond
		if err := b.watch.Round(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) expect(want ...string) {
	b.t.Helper()
	if got := strings.Join(b.said, ", "); got != strings.Join(want, ", ") {
		b.t.Errorf("told %q, want %q", got, strings.Join(want, ", "))
	}
}

func uidOf(n byte) drivers.UID { return drivers.UID{0xE0, 4, 1, 0, 0, 0, 0, n} }

func (b *bench) put(n byte, item string, afi drivers.AFI) {
	data := make([]byte, 112)
	data[0], data[1], data[2] = 0x11, 1, 1
	copy(data[3:19], item)
	crc := iso28560.BlockCRC([34]byte(data[:34]))
	data[19], data[20] = byte(crc), byte(crc>>8)
	b.pad.tags[uidOf(n)] = &drivers.Tag{UID: uidOf(n), AFI: afi, BlockSize: 4, Data: data}
}

func (b *bench) want(n byte, s circ.Security) circ.Wish {
	w := circ.Wish{UID: uidOf(n), Want: s, Tx: uuid.New(), Part: 1, Of: 1}
	b.ledger.wishes = append(b.ledger.wishes, w)
	return w
}

func TestATagCountsInItsSecondRound(t *testing.T) {
	b := newBench(t)
	if err := b.rounds(1); err != nil {
		t.Fatal(err)
	}
	b.put(1, "31221012345679", loud)
	b.rounds(1)
	b.expect()
	b.rounds(3)
	b.expect("placed 31221012345679")
}

func TestWhatLayThereAtTheStartIsFound(t *testing.T) {
	b := newBench(t)
	b.put(1, "31221012345679", loud)
	b.rounds(2)
	b.expect("placed 31221012345679 found")
}

func TestLiftedIsAbsentForEightHundredMilliseconds(t *testing.T) {
	b := newBench(t)
	b.rounds(1)
	b.put(1, "a", loud)
	b.rounds(3)
	tag := b.pad.tags[uidOf(1)]
	delete(b.pad.tags, uidOf(1))
	b.rounds(6) // a tag that only flickers
	b.pad.tags[uidOf(1)] = tag
	b.rounds(1)
	b.expect("placed a")
	delete(b.pad.tags, uidOf(1))
	b.rounds(9)
	b.expect("placed a", "lifted 1")
}

func TestATagIsMadeToAgreeAndReadBack(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", loud)
	w := b.want(1, circ.Quiet)
	b.rounds(3)
	if got := b.pad.tags[uidOf(1)].AFI; got != quiet || !slices.Contains(b.ledger.settled, w) {
		t.Errorf("AFI %s, settled %v, want %s and settled", got, b.ledger.settled, quiet)
	}
	if len(b.pad.writes) != 1 {
		t.Errorf("writes %v, want one", b.pad.writes)
	}
}

func TestATagThatIsRightAlreadyIsNotWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", quiet)
	b.want(1, circ.Quiet)
	b.rounds(3)
	if len(b.pad.writes) != 0 || len(b.ledger.settled) != 1 {
		t.Errorf("writes %v, settled %v, want none and one", b.pad.writes, b.ledger.settled)
	}
}

func TestATagThatNobodyHasAWishForIsNeverWritten(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", quiet)
	b.put(2, "b", 0x42)
	b.want(3, circ.Loud)
	b.rounds(5)
	if len(b.pad.writes) != 0 {
		t.Errorf("writes %v, want none", b.pad.writes)
	}
}

func TestThreeTriesAPlacement(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", loud)
	b.want(1, circ.Quiet)
	refused := drivers.TagError(0x13)
	b.pad.fail = []error{refused, refused, refused, refused}
	b.rounds(8)
	if len(b.pad.writes) != 3 || len(b.ledger.settled) != 0 {
		t.Errorf("writes %v, settled %v, want three and none", b.pad.writes, b.ledger.settled)
	}
	b.expect("placed a found", "stuck 1")
	tag := b.pad.tags[uidOf(1)]
	delete(b.pad.tags, uidOf(1))
	b.rounds(9)
	b.pad.fail = nil
	b.pad.tags[uidOf(1)] = tag
	b.rounds(3)
	if got := b.pad.tags[uidOf(1)].AFI; got != quiet {
		t.Errorf("put down again: AFI %s, want %s", got, quiet)
	}
}

func TestATornWriteIsWrittenAgain(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", loud)
	b.want(1, circ.Quiet)
	b.pad.fail, b.pad.torn = []error{drivers.TagError(0x13)}, true
	b.rounds(4)
	if got := b.pad.tags[uidOf(1)].AFI; got != quiet || len(b.ledger.settled) != 1 {
		t.Errorf("AFI %s, settled %v, want %s and one", got, b.ledger.settled, quiet)
	}
}

func TestAReaderThatFailsEndsTheRound(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", loud)
	b.pad.down = drivers.ErrUnplugged
	if err := b.rounds(1); !errors.Is(err, drivers.ErrUnplugged) {
		t.Errorf("round: %v, want %v", err, drivers.ErrUnplugged)
	}
}

// One tag that says nonsense must not put the pad out of order for the others.
func TestATagThatSaysNonsenseIsToldAndLeftAlone(t *testing.T) {
	b := newBench(t)
	b.put(1, "a", loud)
	b.put(2, "b", loud)
	b.want(2, circ.Quiet)
	b.pad.mad = uidOf(1)
	if err := b.rounds(4); err != nil {
		t.Fatalf("the pad is out of order: %v", err)
	}
	b.expect("placed b found", "settled", "placed what the tag says makes no sense: the device's answer is garbled found")
	if got := b.pad.tags[uidOf(2)].AFI; got != quiet {
		t.Errorf("the tag beside it is %s, want %s", got, quiet)
	}
}

func TestABookBetweenTwoPadsIsOneBook(t *testing.T) {
	b := newBench(t)
	other := b.all.Watch("other", b.pad)
	b.put(1, "a", loud)
	b.want(1, circ.Quiet)
	for range 4 {
		b.rounds(1)
		if err := other.Round(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	if len(b.pad.writes) != 1 {
		t.Errorf("writes %v, want one", b.pad.writes)
	}
	b.expect("placed a found", "settled")
}

func TestABlankTagIsToldAndLeftAlone(t *testing.T) {
	b := newBench(t)
	b.pad.tags[uidOf(1)] = &drivers.Tag{UID: uidOf(1), Data: make([]byte, 112), BlockSize: 4}
	b.rounds(2)
	b.expect("placed the tag is blank found")
}
