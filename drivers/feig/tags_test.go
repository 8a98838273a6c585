package feig

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"nightdesk/drivers"
)

// answers is a reader whose every answer is written down: body by body, for
// the commands that come after opening.
type answers struct {
	*reader
	bodies [][]byte
}

func (a *answers) Write(b []byte) (int, error) {
	f, err := parse(b)
	if err != nil || len(a.bodies) == 0 || f.code != 0xB0 {
		return a.reader.Write(b)
	}
	a.heard = append(a.heard, slices.Clone(b))
	a.out = append(a.out, frame{code: f.code, body: a.bodies[0]}.bytes()...)
	a.bodies = a.bodies[1:]
	return len(b), nil
}

func scripted(bodies ...[]byte) *answers {
	r := newReader()
	r.config = make([]byte, 14)
	return &answers{r, bodies}
}

// sets is the body of an inventory's answer.
func sets(status byte, serials ...byte) []byte {
	body := []byte{status, byte(len(serials))}
	for _, s := range serials {
		body = append(body, 0x03, 0x00, 0xE0, 4, 1, 0, 0, 0, 0, s)
	}
	return body
}

func TestInventory(t *testing.T) {
	foreign := []byte{0x00, 2, 0x04, 0xAA, 1, 2, 3, 4, 0x03, 0x00, 0xE0, 4, 1, 0, 0, 0, 0, 7}
	regular := append(sets(0x00, 1), 0x06, 0, 1, 2, 3, 4, 5, 6, 7, 8)
	regular[1] = 2
	for _, test := range []struct {
		name   string
		bodies [][]byte
		want   string // the serial numbers' last bytes, or what the error says
	}{
		{"no tag", [][]byte{{0x01}}, ""},
		{"two tags", [][]byte{sets(0, 1, 2)}, "1 2"},
		{"more tags", [][]byte{sets(0x94, 1, 2), sets(0x94, 3), sets(0, 4)}, "1 2 3 4"},
		{"more, but then none", [][]byte{sets(0x94, 1, 2), {0x01}}, "1 2"},
		{"the same tag twice", [][]byte{sets(0x94, 1, 2), sets(0, 2, 1, 3)}, "1 2 3"},
		{"noise, then well", [][]byte{{0x83}, {0x02}, sets(0, 1)}, "1"},
		{"noise beside a tag", [][]byte{sets(0x83, 1)}, "1"},
		{"noise and an empty count, then none", [][]byte{sets(0x83), {0x01}}, ""},
		{"nothing but noise", [][]byte{{0x83}, {0x83}, {0x83}}, "look for tags: reader status 83: radio noise"},
		{"scan mode", [][]byte{{0x82}}, "reader status 82: not while the reader scans"},
		{"a count without sets", [][]byte{{0x00, 2}}, "garbled"},
		{"no count", [][]byte{{0x00}}, "garbled"},
		{"sets without a count", [][]byte{append(sets(0, 1), 9)}, "garbled"},
		{"another kind of tag of the same length", [][]byte{regular}, "1"},
		{"another kind of tag of unknown length", [][]byte{foreign}, ""},
		{"more without end", slices.Repeat([][]byte{sets(0x94, 1)}, 200), "still more tags after 128 answers"},
	} {
		t.Run(test.name, func(t *testing.T) {
			pad := open(t, scripted(test.bodies...))
			uids, err := pad.Inventory(t.Context())
			got := ""
			for _, u := range uids {
				got += fmt.Sprintf("%d ", u[7])
			}
			if got = strings.TrimSpace(got); err != nil {
				got = err.Error()
			}
			if err == nil && got != test.want || err != nil && (test.want == "" || !strings.Contains(got, test.want)) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

// Long reads are split where 128 bytes end, once the block size is known.
func TestReadIsSplit(t *testing.T) {
	r := newReader()
	data := make([]byte, 80*4)
	for i := range data {
		data[i] = byte(i)
	}
	r.tags[book()] = &drivers.Tag{UID: book(), Data: data}
	pad := open(t, r)
	r.heard = nil
	got, err := pad.Read(t.Context(), book(), 2, 70)
	if err != nil || len(got) != 280 || got[0] != data[11] || got[279] != data[72*4-4] {
		t.Errorf("got %d bytes and %v, want 280 from block 2 on, turned round", len(got), err)
	}
	asked := ""
	for _, b := range r.heard {
		asked += fmt.Sprintf("%d+%d ", b[13], b[14])
	}
	if want := "2+16 18+32 50+22 "; asked != want {
		t.Errorf("asked for blocks %s, want %s", asked, want)
	}
}

func TestWhatAStatusMeansForATag(t *testing.T) {
	for _, test := range []struct {
		body []byte
		want error
	}{
		{[]byte{0x01}, drivers.ErrGone},
		{[]byte{0x02}, drivers.ErrGone},
		{[]byte{0x83, 0x00}, drivers.ErrGone},
		{[]byte{0x95, 0x10}, drivers.TagError(0x10)},
		{[]byte{0x95}, drivers.ErrNonsense},
		{[]byte{0x03, 0x00}, drivers.TagError(0x13)}, // one tag's trouble, not the reader's
		{[]byte{0x04}, drivers.TagError(0x10)},
		{[]byte{0x05}, drivers.TagError(0x01)},
		{[]byte{0x08}, drivers.TagError(0x12)},
		{[]byte{0x0E}, drivers.TagError(0x0F)},
		{[]byte{0x11}, StatusError(0x11)},
		{[]byte{0x77}, StatusError(0x77)},
	} {
		pad := open(t, scripted(test.body))
		err := pad.WriteAFI(t.Context(), book(), 0x07)
		if !errors.Is(err, test.want) || !strings.HasPrefix(err.Error(), "write the AFI, E004010031269117: ") {
			t.Errorf("status %02X: got %v, want %v", test.body[0], err, test.want)
		}
	}
}

func TestInfo(t *testing.T) {
	info := func(size, count byte) []byte {
		b := append([]byte{0x00, 0x06}, unhexUID()...)
		return append(b, 0xC2, size, count, 0x01)
	}
	other := info(3, 27)
	other[9]++ // another tag's answer
	for _, test := range []struct {
		name         string
		body         []byte
		size, blocks int
		want         error
	}{
		{"one less, as the tag sends it", info(3, 27), 4, 28, nil},
		{"as the manual has it", info(4, 28), 4, 28, nil},
		{"count first, as on the air", info(27, 3), 4, 28, nil},
		{"blocks of eight", info(7, 31), 8, 32, nil},
		{"256 blocks", info(3, 255), 4, 256, nil},
		{"not told", info(0, 0), 4, 0, nil},
		{"in another's name", other, 0, 0, drivers.ErrNonsense},
		{"short", info(3, 27)[:12], 0, 0, drivers.ErrNonsense},
		{"lifted", []byte{0x01}, 0, 0, drivers.ErrGone},
	} {
		got, err := open(t, scripted(test.body)).Info(t.Context(), book())
		if !errors.Is(err, test.want) || got.BlockSize != test.size || got.Blocks != test.blocks {
			t.Errorf("%s: got %+v and %v, want %d blocks of %d and %v", test.name, got, err, test.blocks, test.size, test.want)
		}
		if err == nil && (got.AFI != 0xC2 || got.DSFID != 0x06 || got.UID != book() || got.ICRef != 0x01) {
			t.Errorf("%s: got %+v, want AFI C2, DSFID 06, IC 01", test.name, got)
		}
	}
}

func unhexUID() []byte { u := book(); return u[:] }

func TestBlocksThatDoNotFit(t *testing.T) {
	good := []byte{0, 2, 4, 0, 1, 2, 3, 4, 0, 5, 6, 7, 8}
	for name, body := range map[string][]byte{
		"one block less than asked": append([]byte{0, 1}, good[2:8]...),
		"short":                     good[:12],
		"long":                      append(slices.Clone(good), 9),
		"no size":                   {0, 2},
		"size nought":               {0, 2, 0, 0, 0},
	} {
		pad := open(t, scripted(body))
		if got, err := pad.Read(t.Context(), book(), 0, 2); !errors.Is(err, drivers.ErrNonsense) {
			t.Errorf("%s: got % X and %v, want %v", name, got, err, drivers.ErrNonsense)
		}
	}
}
