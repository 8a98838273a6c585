package catalog

import (
	"cmp"
	"context"
	"time"

	"nightdesk/drivers"
	"nightdesk/drivers/escpos"
	"nightdesk/drivers/wire"
)

const (
	// printerBaud is what serial receipt printers come set to, with no parity.
	printerBaud = 9600
	// printerPoll is short, since a printer that takes nothing is waited for in
	// steps of it and the end of a visit must not wait.
	printerPoll = 10 * time.Millisecond
)

// PrinterDriver opens one family of receipt printers.
type PrinterDriver struct {
	About string // one line for a technician
	Open  func(ctx context.Context, line PrinterLine) (*Printer, error)
}

// PrinterLine is a printer as it is connected.
type PrinterLine struct {
	Line // of which Response is how long it takes to answer, and Gap means nothing

	Flow   string // how it says that it can take no more: xonxoff (the usual), cts or none
	OneWay bool   // it is known never to answer, and is not asked
}

// Printers are the drivers of receipt printers, by name.
func Printers() map[string]PrinterDriver {
	return map[string]PrinterDriver{
		"escpos": {
			About: "ESC/POS receipt printers on a serial line, on USB as a serial line, or on USB as a printer (/dev/usb/lp0)",
			Open:  openESCPOS,
		},
	}
}

// OpenPrinter opens a printer with the driver of that name.
func OpenPrinter(ctx context.Context, driver string, line PrinterLine) (*Printer, error) {
	d, ok := Printers()[driver]
	if !ok {
		return nil, unknown("printer", driver, Printers())
	}
	return d.Open(ctx, line)
}

// Printer is an open printer that can tell a technician about itself.
type Printer struct {
	drivers.Printer
	line string
}

// Set tells what was asked of the line: "/dev/kiosk-printer at 9600 8N1", or the
// path alone if it is no serial line.
func (p *Printer) Set() string { return p.line }

// openESCPOS opens the device and sends nothing: whether a printer is there, its
// Status tells.
func openESCPOS(ctx context.Context, line PrinterLine) (*Printer, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	parity, err := wire.ParseParity(line.Parity)
	if err != nil {
		return nil, err
	}
	flow, err := wire.ParseFlow(line.Flow)
	if err != nil {
		return nil, err
	}
	mode := wire.Mode{Baud: cmp.Or(line.Baud, printerBaud), Parity: parity, Poll: printerPoll}
	file, err := wire.OpenFile(line.Path, mode, flow)
	if err != nil {
		return nil, err
	}
	o := escpos.Options{OneWay: line.OneWay, AnswerIn: line.Response, Queue: file}
	set := line.Path
	if file.String() != "" {
		o.Baud = mode.Baud
		set += " at " + file.String()
	}
	var port wire.Port = file
	if line.Wrap != nil {
		port = line.Wrap(port)
	}
	return &Printer{escpos.New(port, o), set}, nil
}
