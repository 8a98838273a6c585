package sim_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/sim"
)

func TestPublishedConversations(t *testing.T) {
	v := frames(t)
	done := "06 00 81 00 AF DD" // answer to every captured configuration write
	for _, talk := range []struct {
		name  string
		world func(*sim.Table)
		says  []string // question, answer, question, answer; "" is silence
	}{
		{"nobody there", nil, []string{v["inv-req"], v["inv-none"], v["baud-detect"], v["baud-ok"], v["cpu-reset"], v["cpu-reset-ok"]}},
		{"a broken frame is not answered, the next is", nil, []string{v["bad-crc"], "", v["inv-req"], v["inv-none"]}},
		{"addressed by its own name", nil, []string{v["inv-addr0"], v["inv-none"]}},
		{"advanced question, advanced answer", nil, []string{v["adv-inv"], advanced(t, "00B001")}},
		{"one tag", func(w *sim.Table) { w.Put("pad", tagOf(t, "E01680FF08005024")) }, []string{v["inv-req"], v["inv-1"], v["inv-more"], v["inv-none"]}},
		{"another tag", func(w *sim.Table) { w.Put("pad", tagOf(t, "E01680FF08004FBC")) }, []string{v["inv-req"], v["inv-1b"]}},
		{"a tag on another antenna", func(w *sim.Table) { w.Put("shelf", book()) }, []string{v["inv-req"], v["inv-none"]}},
		{"configuration", nil, []string{v["write-CFG3"], done, v["write-CFG5"], done, v["write-CFG6"], done, v["write-CFG7"], done}},
		{"memory", func(w *sim.Table) { w.Put("pad", book()) }, []string{v["read8"], v["read8-resp"], v["write1"], v["write-ok"], v["read8"], v["read8-resp"]}},
		{"a locked tag", func(w *sim.Table) { w.Put("pad", book()); w.Lock(book().UID) }, []string{v["write1"], v["write-iso-err"]}},
		{"commands without data", func(w *sim.Table) { w.Put("pad", book()) }, []string{
			v["select"], v["write-ok"], v["stay-quiet"], v["write-ok"], v["rf-reset"], framed(t, "006900"), v["rf-off"], framed(t, "006A00"), v["inv-req"], v["inv-none"]}},
		{"what is not played", func(w *sim.Table) { w.Put("pad", book()) }, []string{v["eas-set"], framed(t, "00B180"), v["eas-reset"], framed(t, "00B180")}},
		{"wrong length", nil, []string{framed(t, "FFB0010000"), v["inv-81"]}},
		{"who it is", nil, []string{v["sw-version"], framed(t, "006500 0405 00 00 4C 0008"), v["reader-info"], framed(t, "006600 0405 00 00 4C 0008 0100 0100")}},
		{"block security", func(w *sim.Table) { w.Put("pad", book()) }, []string{v["blocksec"], framed(t, "00B000 08 00000000 00000000")}},
	} {
		t.Run(talk.name, func(t *testing.T) {
			table := sim.NewTable()
			if talk.world != nil {
				talk.world(table)
			}
			_, c := reader(t, table, sim.Options{})
			for i := 0; i < len(talk.says); i += 2 {
				c.send(talk.says[i])
				if talk.says[i+1] == "" {
					c.silence()
				} else {
					c.hears(talk.says[i+1])
				}
			}
		})
	}
}

const bookUID = "E004010031269117"

func TestISOCommands(t *testing.T) {
	for _, talk := range []struct {
		name string
		o    sim.Options
		says []string
	}{
		{"system information", sim.Options{}, []string{"B02B01" + bookUID, "B000 06 " + bookUID + " 07 041C 01"}},
		{"system information, one less", sim.Options{LessOne: true}, []string{"B02B01" + bookUID, "B000 06 " + bookUID + " 07 031B 01"}},
		{"natural order", sim.Options{NaturalOrder: true}, []string{"B02301" + bookUID + "0001", "B000 01 04 00 04110001"}},
		{"not addressed", sim.Options{}, []string{"B023000001", "B000 01 04 00 01001104", "B02700C2", "B000", "B02B00", "B000 06 " + bookUID + " C2 041C 01"}},
		{"selected", sim.Options{}, []string{"B02B02", "B001", "B02501" + bookUID, "B000", "B02702C2", "B000", "69", "6900", "B02B02", "B001"}},
		{"AFI and DSFID", sim.Options{}, []string{"B02701" + bookUID + "C2", "B000", "B02901" + bookUID + "3E", "B000", "B02B01" + bookUID, "B000 3E " + bookUID + " C2 041C 01"}},
		{"a tag that is not there", sim.Options{}, []string{"B02701E004010031269118C2", "B001", "B02B01E004010031269118", "B001"}},
		{"past the end", sim.Options{}, []string{"B02301" + bookUID + "1C01", "B09510", "B02301" + bookUID + "0021", "B011", "B02301" + bookUID + "0000", "B011",
			"B02401" + bookUID + "1B0204 01020304 05060708", "B095101C", "B02C01" + bookUID + "1C01", "B09510"}},
		{"quiet until the field drops", sim.Options{ONT: true}, []string{"B00201" + bookUID, "B000", "B00100", "B001", "B02600", "B000", "B00100", "B000 01 03 06 " + bookUID}},
		{"modes that are none", sim.Options{}, []string{"B02303 0001", "B011", "B00200", "B011", "B00140", "B011", "B02502", "B011"}},
		{"no such command", sim.Options{}, []string{"B02201" + bookUID + "0001", "B080", "99", "9980", "B0", "B081", "B023", "B081", "B02301E004", "B081", "5200AA", "5281"}},
		{"configuration", sim.Options{ONT: true}, []string{"8005", "8000 0000000000000000000000010000", "8105" + strings.Repeat("00", 14), "8100",
			"8005", "8000" + strings.Repeat("00", 14), "8085", "8000 0000000000000000000000010000", "8205", "8200", "8085", "8000" + strings.Repeat("00", 14),
			"83C0", "8300", "8005", "8000 0000000000000000000000010000", "8010", "8015"}},
	} {
		t.Run(talk.name, func(t *testing.T) {
			table := sim.NewTable()
			table.Put("pad", book())
			_, c := reader(t, table, talk.o)
			for i := 0; i < len(talk.says); i += 2 {
				c.ask(talk.says[i])
				c.told(talk.says[i+1])
			}
		})
	}
}

func TestTwoTagsDrownEachOther(t *testing.T) {
	table := sim.NewTable()
	table.Put("pad", book())
	table.Put("pad", tagOf(t, "E01680FF08005024"))
	_, c := reader(t, table, sim.Options{})
	c.ask("B02700C2")
	c.told("B002")
	if got := table.AFI(book().UID); got != 0x07 {
		t.Errorf("got AFI %v, want 07", got)
	}
}

// Four tags in three frames, in the order of their UIDs.
func TestMoreTagsThanAFrameHolds(t *testing.T) {
	table := sim.NewTable()
	for _, uid := range []string{"E004000000000003", "E004000000000001", "E004000000000005", "E004000000000004", "E004000000000002"} {
		table.Put("pad", tagOf(t, uid))
	}
	_, c := reader(t, table, sim.Options{TagsPerFrame: 2})
	c.ask("B00100")
	c.told("B094 02 0300E004000000000001 0300E004000000000002")
	c.ask("B00180")
	c.told("B094 02 0300E004000000000003 0300E004000000000004")
	c.ask("B00180")
	c.told("B000 01 0300E004000000000005")
	c.ask("B00180")
	c.told("B001")
}

// The trap: with ONT a tag that stays is reported once.
func TestONTReportsNewTagsOnly(t *testing.T) {
	table := sim.NewTable()
	table.Put("pad", book())
	_, c := reader(t, table, sim.Options{ONT: true})
	there := "B000 01 03 06 " + bookUID
	for _, step := range []struct {
		do   func()
		want string
	}{
		{nil, there},
		{nil, "B001"},
		{func() { c.ask("69"); c.told("6900") }, there},
		{func() { table.Lift(book().UID); table.Lay("pad", book().UID) }, there},
		{nil, "B001"},
		{func() { c.ask("8105" + strings.Repeat("00", 14)); c.told("8100") }, there},
		{nil, there},
	} {
		if step.do != nil {
			step.do()
		}
		c.ask("B00100")
		c.told(step.want)
	}
	c.ask("63")
	c.told("6300") // starts again from EEPROM, where ONT is set
	c.ask("B00100")
	c.told(there)
	c.ask("B00100")
	c.told("B001")
	c.ask("B00120") // the presence check lists it all the same
	c.told(there)
}

// A driver that closes and opens again finds the reader as it was.
func TestReopen(t *testing.T) {
	r, c := reader(t, sim.NewTable(), sim.Options{})
	for range 3 {
		c.ask("5200")
		c.told("5200")
		if err := c.f.Close(); err != nil {
			t.Fatal(err)
		}
		c = open(t, r.Path())
	}
}

func TestBytesThatAreNoFrame(t *testing.T) {
	_, c := reader(t, sim.NewTable(), sim.Options{})
	for _, noise := range []string{"00", "0304", "02FFFF", "0200", "FF", strings.Repeat("AA", 300), "07FFB00100", strings.Repeat("05FF0102", 400)} {
		c.send(noise)
		c.silence() // longer than the 12 ms after which a reader forgets
		c.ask("5200")
		c.told("5200")
	}
	c.send(framed(t, "015200")) // another reader's address
	c.silence()
	c.send(framed(t, "FF5200") + framed(t, "FF6900"[:4])) // two at once
	c.told("5200")
	c.told("6900")
}

func TestObservers(t *testing.T) {
	type change struct {
		uid     drivers.UID
		was, is drivers.AFI
	}
	var log []change
	var asked []byte
	table := sim.NewTable()
	table.OnAFI(func(uid drivers.UID, was, is drivers.AFI) {
		if table.AFI(uid) != is {
			t.Errorf("told of AFI %v, but the tag holds %v", is, table.AFI(uid))
		}
		log = append(log, change{uid, was, is})
	})
	table.Put("pad", book())
	_, c := reader(t, table, sim.Options{OnFrame: func(command byte, uid drivers.UID) {
		asked = append(asked, command)
		if command == 0x2B {
			table.Lift(uid)
		}
	}})
	for _, afi := range []string{"C2", "C2", "07"} {
		c.ask("B02701" + bookUID + afi)
		c.told("B000")
	}
	c.ask("B02B01" + bookUID)
	c.told("B001") // lifted as it was asked
	if want := []change{{book().UID, 0x07, 0xC2}, {book().UID, 0xC2, 0x07}}; !slices.Equal(log, want) {
		t.Errorf("got %v, want %v", log, want)
	}
	if want := []byte{0x27, 0x27, 0x27, 0x2B}; !bytes.Equal(asked, want) {
		t.Errorf("got % X, want % X", asked, want)
	}
}

// The reader takes the time of line and air: never less, and little more.
func TestTrueTiming(t *testing.T) {
	const baud = 38400
	table := sim.NewTable()
	uids := []drivers.UID{book().UID}
	table.Put("pad", book())
	_, c := reader(t, table, sim.Options{TrueTiming: true, Baud: baud})
	for _, test := range []struct {
		name, ask string
		bytes     int // both ways
		air       time.Duration
	}{
		{"inventory", "B00100", sim.InventoryBytes(1, 24), sim.InventoryAir(uids)},
		{"read 8", "B02301" + bookUID + "0008", sim.ReadBytes(8), sim.ReadAir(8)},
		{"write AFI", "B02701" + bookUID + "C2", sim.WriteAFIBytes(), sim.WriteAFIAir(sim.TypicalWrite)},
		{"info", "B02B01" + bookUID, sim.InfoBytes(), sim.InfoAir()},
	} {
		bound := sim.SerialTime(test.bytes, baud) + test.air
		question := unhex(t, framed(t, "FF"+test.ask))
		best := time.Hour
		// A busy machine may be late, though not always; it can never be early.
		for try := 0; try < 20 && best > bound+5*time.Millisecond; try++ {
			from := time.Now()
			c.ask(test.ask)
			if got := c.read(test.bytes-len(question), 5*time.Second); len(got) != test.bytes-len(question) {
				t.Fatalf("%s: got % X, want %d bytes", test.name, got, test.bytes-len(question))
			}
			best = min(best, time.Since(from))
		}
		if best < bound || best > bound+5*time.Millisecond {
			t.Errorf("%s: took %v, want %v or little more", test.name, best, bound)
		}
	}
}

func TestEarlyFramesAreNotHeard(t *testing.T) {
	_, c := reader(t, sim.NewTable(), sim.Options{Quiet: time.Hour})
	c.ask("5200")
	c.told("5200")
	c.ask("5200")
	c.silence()
}
