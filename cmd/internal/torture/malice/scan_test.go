package malice

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"nightdesk/agent/circ"
	"nightdesk/agent/screen"
	"nightdesk/agent/visit"
	"nightdesk/cmd/internal/torture"
	"nightdesk/cmd/internal/torture/house"
	"nightdesk/drivers"
	"nightdesk/drivers/iso28560"
)

// markup is what no page may hold unescaped. The title of one book in the
// house is such a text, too.
const markup = `<img src=x onerror=alert(1)>`

// barcodes shows the scanner and the pad what no library has printed.
func barcodes(t *testing.T, a *attacked) {
	r := torture.Start(t, torture.Rig{
		Harm: "barcodes and tags with markup, SQL, control characters and no end; a title with markup", Unit: "codes",
		Target: "shown as text or not at all, nothing recorded", Short: 60, Long: 3_000,
	})
	w := openWeb(t, a)
	was, stored := a.belongings(t), a.stored(t)
	a.titled(t, w)
	shown := 0
	for i := range r.Count {
		a.borrowing(t, w)
		if i%10 == 0 {
			shown += a.tag(t, w, r.Rand)
		} else if err := a.Room.ShowCard(circ.Card(evil(r.Rand))); err != nil {
			t.Fatal(err)
		}
		w.harmless(t)
	}
	w.home(t)
	is := a.belongings(t)
	was.Rows["seen"], is.Rows["seen"] = 0, 0 // what tags say is remembered
	unharmed(t, was, is)
	unharmed(t, stored, a.stored(t))
	r.Reached("%d of them seen on the screen as plain text, nothing recorded", shown)
}

// evil is a text for a barcode or a tag.
func evil(r *rand.Rand) string {
	all := []string{markup, "<script>alert(1)</script>", "'; DROP TABLE loan;--", `" OR ""="`, "../../etc/passwd", "%s%s%n%n", "{{.}}", "${7*7}",
		"\x1b[2J\x1b]0;x\x07", "\x00\x01\x02\x03", "\r\n\r\nB", "\x7f\x80\xff\xfe", "\u202e0001", "\ufeff<b id=evil>", "]C1", "\x1d\x1e\x04",
		"$%SCN$", "\x16M\x0dDEFALT.", strings.Repeat("9", 10_000), strings.Repeat("<", 10_000), "20000", "-1", "1e9", "NULL", "２００００", string(bytesOf(r, 1+r.IntN(60)))}
	s := all[r.IntN(len(all))]
	if r.IntN(3) == 0 {
		s += all[r.IntN(len(all))]
	}
	return s
}

// tag lays a tag on the pad whose item number is such a text, until the screen
// shows it or a moment has passed.
func (a *attacked) tag(t *testing.T, w *door, r *rand.Rand) (shown int) {
	t.Helper()
	uid := drivers.UID{0xE0, 0x04, 0x01, 0x66, 0x66, 0x66, 0x66, 0x66}
	text := evil(r)
	put := func(usage byte, item, owner string) {
		var b [iso28560.LongBlock]byte
		b[0], b[1], b[2] = 1<<4|usage, 1, 1
		copy(b[3:19], item)
		copy(b[21:], owner)
		binary.LittleEndian.PutUint16(b[19:], iso28560.BlockCRC(b))
		a.Room.Table.Put("", drivers.Tag{UID: uid, AFI: house.Loud, DSFID: 0x3E, BlockSize: 4, Data: append(b[:], make([]byte, 112-len(b))...)})
	}
	put(iso28560.Circulation, text, []string{"GBDemo", text}[r.IntN(2)])
	a.Room.Table.Lay("pad", uid)
	for end := time.Now().Add(time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if v := w.harmless(t); len(v.Lines) > 0 {
			shown = 1
			break
		}
	}
	a.Room.Table.Lift(uid)
	put(8, "20000", "GBDemo") // no item any more, for whoever counts tags in the end
	return shown
}

// harmless looks at the page as the browser gets it.
func (w *door) harmless(t *testing.T) screen.View {
	t.Helper()
	resp, err := w.client.Get("http://" + w.addr + "/?token=" + w.token)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 {
		t.Fatalf("the page: %s, %v", resp.Status, err)
	}
	for _, bad := range []string{"<img src=x", "<script>alert", "\x1b", "\x00", "<b id=evil"} {
		if strings.Contains(string(page), bad) {
			t.Fatalf("the page holds %q", bad)
		}
	}
	return w.look(t)
}

// borrowing has somebody who may borrow stand at the screen.
func (a *attacked) borrowing(t *testing.T, w *door) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		v := w.look(t)
		if v.Screen == visit.Borrow && v.Ask == nil {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("nobody can borrow any more: the screen shows %s", v.Screen)
		}
		if v.Screen != visit.Home {
			w.leave(t, v)
			continue
		}
		if err := a.Room.ShowCard(a.Stock.People[3].Card); err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
	}
}

// titled puts the book with the evil title on the pad: the control, for its
// title must be on the screen, as text.
func (a *attacked) titled(t *testing.T, w *door) {
	t.Helper()
	a.borrowing(t, w)
	a.Room.PutDown(a.Stock.Books[a.titledBook])
	defer a.Room.Lift(a.Stock.Books[a.titledBook])
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		v := w.harmless(t)
		for _, l := range v.Lines {
			if strings.Contains(l.Title, markup) {
				return
			}
		}
		if time.Now().After(end) {
			t.Fatalf("the title is not on the screen: %s %v", v.Screen, v.Lines)
		}
	}
}

// home takes whatever way leads to the first screen.
func (w *door) home(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); ; {
		v := w.look(t)
		if v.Screen == visit.Home && len(v.Lines) == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the first screen does not come back, it is %s", v.Screen)
		}
		w.leave(t, v)
		time.Sleep(100 * time.Millisecond)
	}
}

// leave takes one step towards the first screen; a card of somebody else does
// not end the visit.
func (w *door) leave(t *testing.T, v screen.View) {
	t.Helper()
	for _, x := range []visit.Button{visit.TapNo, visit.TapOK, visit.TapFinish, visit.TapLeave, visit.TapBack} {
		for _, b := range v.Buttons {
			if b.Button != x {
				continue
			}
			if _, err := w.send(w.request("POST", "/tap", "Host: "+w.addr, "button="+string(b.Button)+"&item="+string(b.Item)+"&serial="+v.Serial)); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
}
