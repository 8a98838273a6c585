package scanner

import (
	"context"
	"fmt"
)

// Command is something a scanner can be told over its line. What a scanner
// answers to a menu command is no barcode and is refused with ErrControl.
type Command string

// Triggers by software.
const (
	HoneywellTrigger Command = "\x16T\r" // Honeywell integration guide, serial trigger
	HoneywellStop    Command = "\x16U\r"
	// GM65Trigger starts a scan of the Grow GM65 family; AB CD stands for "no
	// CRC" (GM65 manual, serial command trigger).
	GM65Trigger Command = "\x7E\x00\x08\x01\x00\x02\x01\xAB\xCD"
)

// HoneywellMenu changes settings for good, as their bar codes would:
// "SUFBK2990D" ends every barcode with CR.
func HoneywellMenu(settings string) Command { return Command("\x16M\r" + settings + ".") }

// Newland wraps a setting of a Newland scanner, such as "SCAND".
func Newland(setting string) Command { return Command("\x7E\x010000@" + setting + ";\x03") }

// Send tells the scanner something. It does not wait for an answer.
func (s *Scanner) Send(ctx context.Context, c Command) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.closed {
		return fmt.Errorf("send to the scanner: it was closed")
	}
	if _, err := s.port.Write([]byte(c)); err != nil {
		return fmt.Errorf("send to the scanner: %w", err)
	}
	return nil
}
