package feig

import (
	"slices"
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/drivertest"
)

// reader is a small FEIG reader in memory, a wire.Port. It hears one whole
// command per Write and answers at once; only its faults are interesting.
type reader struct {
	tags    map[drivers.UID]*drivers.Tag
	afis    map[drivers.UID]drivers.AFI // of tags that were lifted
	known   map[drivers.UID]bool        // tags reported since the field was reset
	config  []byte                      // configuration block 5
	perPage int                         // tags in one frame
	waiting []drivers.UID               // what MORE will give

	fault    string
	faultUID drivers.UID
	late     []byte // an answer that waits for the next command
	out      []byte
	pulled   bool
	heard    [][]byte
}

// ontConfig is block 5 as the factory sets it on MR/PR/PRH101 (p. 31).
func ontConfig() []byte {
	return []byte{0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x01, 0, 0}
}

func newReader() *reader {
	return &reader{
		tags: map[drivers.UID]*drivers.Tag{}, afis: map[drivers.UID]drivers.AFI{},
		known: map[drivers.UID]bool{}, config: ontConfig(), perPage: 4,
	}
}

func (r *reader) Close() error { return nil }

func (r *reader) Read(b []byte) (int, error) {
	if r.pulled {
		return 0, drivers.ErrUnplugged
	}
	if len(r.out) == 0 {
		time.Sleep(time.Millisecond) // the port's own short wait
		return 0, nil
	}
	n := copy(b, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *reader) Write(b []byte) (int, error) {
	if r.pulled {
		return 0, drivers.ErrUnplugged
	}
	r.heard = append(r.heard, slices.Clone(b))
	f, err := parse(b)
	if err != nil {
		return len(b), nil // a reader does not answer a bad frame
	}
	r.out, r.late = append(r.out, r.late...), nil
	fault := r.take(f)
	if fault == drivertest.Silent {
		return len(b), nil
	}
	if fault == drivertest.Unplug {
		r.pulled = true
		return len(b), nil
	}
	if fault == drivertest.GoneMidWrite {
		r.lift(uidOf(f))
	}
	reply := frame{code: f.code, body: r.carryOut(f, fault)}.bytes()
	switch fault {
	case drivertest.LostReply:
		reply = nil
	case drivertest.Late:
		r.late, reply = reply, nil
	case drivertest.Garbled:
		reply = []byte{0x00, 0xFF, 0x13}
	case drivertest.CRCError:
		reply[3] ^= 0x10
	}
	r.out = append(r.out, reply...)
	return len(b), nil
}

// take returns the armed fault if this command is the one it waits for.
func (r *reader) take(f frame) string {
	writes := r.fault == drivertest.GoneMidWrite || r.fault == drivertest.TornAFI
	switch {
	case r.fault == "":
		return ""
	case r.faultUID != drivers.UID{} && r.faultUID != uidOf(f):
		return ""
	case writes && (f.code != 0xB0 || f.body[0] != 0x27):
		return ""
	}
	fault := r.fault
	r.fault = ""
	return fault
}

func uidOf(f frame) drivers.UID {
	if f.code != 0xB0 || len(f.body) < 10 {
		return drivers.UID{}
	}
	return drivers.UID(f.body[2:10])
}

func (r *reader) lift(uid drivers.UID) {
	if tag := r.tags[uid]; tag != nil {
		r.afis[uid] = tag.AFI
	}
	delete(r.tags, uid)
	delete(r.known, uid)
}

// carryOut gives the body of the answer: status and data.
func (r *reader) carryOut(f frame, fault string) []byte {
	switch f.code {
	case 0x52:
		return []byte{0}
	case 0x65:
		return []byte{0, 0x03, 0x05, 0x00, 0x00, 76, 0x00, 0x08}
	case 0x80:
		return append([]byte{0}, r.config...)
	case 0x69:
		clear(r.known)
		return []byte{0}
	case 0xB0:
		if f.body[0] == 0x01 {
			return r.inventory(f.body[1])
		}
		return r.toTag(f, fault)
	}
	return []byte{0x80}
}

func (r *reader) inventory(mode byte) []byte {
	if mode&0x80 == 0 {
		if r.config[11]&1 == 0 {
			clear(r.known)
		}
		r.waiting = nil
		for uid := range r.tags {
			if !r.known[uid] {
				r.waiting = append(r.waiting, uid)
				r.known[uid] = true
			}
		}
	}
	if len(r.waiting) == 0 {
		return []byte{0x01}
	}
	n := min(r.perPage, len(r.waiting))
	body := []byte{0x00, byte(n)}
	for _, uid := range r.waiting[:n] {
		body = append(append(body, 0x03, 0x00), uid[:]...)
	}
	if r.waiting = r.waiting[n:]; len(r.waiting) > 0 {
		body[0] = 0x94
	}
	return body
}

func (r *reader) toTag(f frame, fault string) []byte {
	tag := r.tags[uidOf(f)]
	if tag == nil {
		return []byte{0x01}
	}
	args := f.body[10:]
	switch f.body[0] {
	case 0x23:
		first, n := int(args[0]), int(args[1])
		if (first+n)*4 > len(tag.Data) {
			return []byte{0x95, 0x10}
		}
		body := []byte{0, byte(n), 4}
		for i := first; i < first+n; i++ {
			block := slices.Clone(tag.Data[i*4 : i*4+4])
			slices.Reverse(block)
			body = append(append(body, 0), block...)
		}
		return body
	case 0x27:
		if fault == drivertest.TornAFI {
			tag.AFI = 0x55
			return []byte{0x03, 0x00}
		}
		tag.AFI = drivers.AFI(args[0])
		return []byte{0}
	case 0x2B:
		body := append([]byte{0, tag.DSFID}, tag.UID[:]...)
		return append(body, byte(tag.AFI), 3, byte(len(tag.Data)/4-1), 0x01)
	}
	return []byte{0x80}
}

func TestEveryPadDoesThis(t *testing.T) {
	r := newReader()
	drivertest.Suite(t, drivertest.Bench{
		Open: func(t *testing.T) drivers.Pad {
			r.pulled, r.out, r.late, r.fault = false, nil, nil, ""
			pad, err := Open(t.Context(), r, Options{Response: 10 * time.Millisecond, Gap: -1})
			if err != nil {
				t.Fatalf("open: %v", err)
			}
			return pad
		},
		Put: func(tag drivers.Tag) {
			tag.Data = slices.Clone(tag.Data)
			r.tags[tag.UID] = &tag
		},
		Lift: r.lift,
		AFI: func(uid drivers.UID) drivers.AFI {
			if tag := r.tags[uid]; tag != nil {
				return tag.AFI
			}
			return r.afis[uid]
		},
		Fault: func(name string, uid drivers.UID) { r.fault, r.faultUID = name, uid },
		Pull:  func() { r.pulled = true },
	})
}
