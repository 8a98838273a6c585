package sim_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"nightdesk/drivers/sim"
)

func TestFaults(t *testing.T) {
	write := "B02701" + bookUID + "C2"
	info := func(afi string) string { return "B000 06 " + bookUID + " " + afi + " 041C 01" }
	for _, test := range []struct {
		fault string
		meet  func(c computer) // after the write
		afi   string           // what the tag then holds
	}{
		{sim.Silent, computer.silence, "07"},
		{sim.LostReply, computer.silence, "C2"},
		{sim.TornAFI, func(c computer) { c.told("B09513") }, "C7"},
		{sim.Slow, func(c computer) { c.silence(); c.told("B000") }, "C2"},
		{sim.Late, func(c computer) {
			c.silence()
			c.ask("5200")
			c.told("B000") // the write's
			c.told("5200")
		}, "C2"},
		{sim.CRCError, func(c computer) { c.hears("06 00 B0 10 D5 72") }, "C2"},
		{sim.Garbled, func(c computer) { c.hears("F9 FF 4F FF 2A 8D") }, "C2"},
	} {
		t.Run(test.fault, func(t *testing.T) {
			table := sim.NewTable()
			table.Put("pad", book())
			r, c := reader(t, table, sim.Options{SlowBy: 100 * time.Millisecond})
			arm(t, r, sim.Fault{Name: test.fault, UID: book().UID})
			c.ask("5200") // names no tag
			c.told("5200")
			c.ask(write)
			test.meet(c)
			c.ask("B02B01" + bookUID)
			c.told(info(test.afi))
		})
	}
}

func TestFaultsWaitForTheirCommand(t *testing.T) {
	table := sim.NewTable()
	table.Put("pad", book())
	r, c := reader(t, table, sim.Options{})
	arm(t, r, sim.Fault{Name: sim.GoneMidWrite})
	arm(t, r, sim.Fault{Name: sim.Silent, Command: 0x65, Times: 2})
	c.ask("B02B01" + bookUID)
	c.told("B000 06 " + bookUID + " 07 041C 01")
	c.ask("65")
	c.silence()
	c.ask("65")
	c.silence()
	c.ask("65")
	c.told("6500 0405 00 00 4C 0008")
	c.ask("B02701" + bookUID + "C2")
	c.told("B001")
	if got := table.Tags(); got[0].Antenna != "" || got[0].Tag.AFI != 0x07 {
		t.Errorf("got %q and AFI %v, want it lifted with AFI 07", got[0].Antenna, got[0].Tag.AFI)
	}
	if err := r.Fault(sim.Fault{Name: "sulking"}); err == nil {
		t.Error("a fault of no known name: got no error, want one")
	}
}

func TestNeverAnswersUntilReplugged(t *testing.T) {
	r, c := reader(t, sim.NewTable(), sim.Options{})
	arm(t, r, sim.Fault{Name: sim.NeverAnswers})
	for range 2 {
		c.ask("5200")
		c.silence()
	}
	r.Unplug()
	if err := r.Plug(); err != nil {
		t.Fatal(err)
	}
	c = open(t, r.Path())
	c.ask("5200")
	c.told("5200")
}

func TestUnplug(t *testing.T) {
	link := filepath.Join(t.TempDir(), "pad")
	table := sim.NewTable()
	table.Put("pad", book())
	r, c := reader(t, table, sim.Options{Link: link})
	c.ask("5200")
	c.told("5200")
	arm(t, r, sim.Fault{Name: sim.Unplug, UID: book().UID})
	c.ask("B02701" + bookUID + "C2")
	if _, err := c.f.Read(make([]byte, 1)); err == nil {
		t.Error("read from a pulled line: got no error, want one")
	}
	r.Unplug() // the fault has: it only waits
	if _, err := os.Lstat(link); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the link of a pulled reader: got %v, want %v", err, os.ErrNotExist)
	}
	if got := table.AFI(book().UID); got != 0x07 {
		t.Errorf("got AFI %v, want 07", got)
	}
	for range 2 {
		if err := r.Plug(); err != nil {
			t.Fatal(err)
		}
	}
	c = open(t, link)
	c.ask("B02B01" + bookUID)
	c.told("B000 06 " + bookUID + " 07 041C 01")
}
