package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"nightdesk/drivers"
	"nightdesk/drivers/label"
)

// Limits of what is read as a tag's memory.
const (
	maxTagBytes = 8192      // 256 blocks of 32 bytes, the most that ISO/IEC 15693-3 addresses
	maxTagText  = 64 * 1024 // bytes of hexadecimal text, separators included
	maxBlock    = 32        // bytes
)

func tagCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "tag",
		Short: "Look into library tags",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(tagDecodeCommand())
	return cmd
}

const tagDecodeHelp = `Decode prints what a tag's memory says, from block 0 on, as one JSON object:

  model       "28560-3", "28560-2" or "501"
  kind        "item", "card" (a borrower card) or "other" (acquisition,
              discarded, library equipment)
  item        the primary item identifier; of a card, its number
  owner       the owner's ISIL with its hyphen, "" if the tag does not say
  usage       the 28560-2 usage byte as two hexadecimal digits: "10" for loan,
              "20" not for loan, "70" discarded, "80" borrower card …; type of
              usage n of a 28560-3 tag is "n0"; "00" if a tag that says
              nothing of its use is of kind "item"
  parts, part this is part part of parts; 1 and 1 for a single item
  crc         "ok", or "none" if the model has no checksum
  order       "forward", or "reversed" if every block is turned round
  extensions  whatever else the tag says: id, name, fields, raw

The hexadecimal digits may be grouped with spaces, newlines, colons, commas or
hyphens, and groups may begin with 0x. "-" reads them from standard input.

A tag that cannot be read is one line on standard error and exit status 1.
What is odd about a readable tag is a hint on standard error.`

type tagFlags struct {
	blockSize int
	dsfid     string
	cards     []string
}

func tagDecodeCommand() *cobra.Command {
	var flags tagFlags
	cmd := &cobra.Command{
		Use:   "decode HEX|-",
		Short: "Print what a tag's memory says",
		Long:  tagDecodeHelp,
		Example: "  nightdesk tag decode 11010131303030303030303536000000000000" +
			"98A4444B3731383530300000000000\n  nightdesk tag decode - < dump.hex",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := tagText(args, cmd.InOrStdin())
			if err != nil {
				return err
			}
			return decodeTag(text, flags, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().IntVar(&flags.blockSize, "block-size", 4, "bytes in a block of the tag")
	cmd.Flags().StringVar(&flags.dsfid, "dsfid", "00", "the tag's data storage format identifier, two hexadecimal digits")
	cmd.Flags().StringArrayVar(&flags.cards, "card-pattern", nil, "regular expression for RFID 501 identifiers that are borrower cards")
	return cmd
}

// tagText is the hexadecimal text: the arguments, or all of standard input.
func tagText(args []string, stdin io.Reader) (string, error) {
	if len(args) != 1 || args[0] != "-" {
		return strings.Join(args, " "), nil
	}
	b, err := io.ReadAll(io.LimitReader(stdin, maxTagText+1))
	if err != nil {
		return "", fmt.Errorf("read the tag from standard input: %w", err)
	}
	return string(b), nil
}

func decodeTag(text string, flags tagFlags, stdout, stderr io.Writer) error {
	tag, err := readTag(text, flags)
	if err != nil {
		return err
	}
	o, err := labelOptions(flags)
	if err != nil {
		return err
	}
	l, err := label.Decode(tag, o)
	if err != nil {
		return adviseTag(err)
	}
	if err := printLabel(stdout, l); err != nil {
		return fmt.Errorf("print the label: %w", err)
	}
	for _, flag := range l.Flags {
		printHint(stderr, "odd about this tag: "+flag)
	}
	if l.Need > 0 {
		printHint(stderr, fmt.Sprintf("the tag may say more: to be sure give %d bytes", l.Need))
	}
	return nil
}

func adviseTag(err error) error {
	var short label.ErrShort
	var corrupt label.ErrCorrupt
	switch {
	case errors.As(err, &short):
		return withHint(err, "read more blocks, from block 0 on")
	case errors.As(err, &corrupt):
		return withHint(err, "read the tag again; if it stays so, program it anew at the staff desk")
	}
	return err
}

func readTag(text string, flags tagFlags) (drivers.Tag, error) {
	if flags.blockSize < 1 || flags.blockSize > maxBlock {
		return drivers.Tag{}, fmt.Errorf("--block-size %d is not 1 to %d", flags.blockSize, maxBlock)
	}
	dsfid, err := parseHex(flags.dsfid)
	if err != nil || len(dsfid) != 1 {
		return drivers.Tag{}, fmt.Errorf("--dsfid %q is not two hexadecimal digits", flags.dsfid)
	}
	data, err := parseHex(text)
	if err != nil {
		return drivers.Tag{}, err
	}
	if len(data) > maxTagBytes {
		return drivers.Tag{}, fmt.Errorf("the tag is too long: %d bytes, no tag has more than %d", len(data), maxTagBytes)
	}
	return drivers.Tag{DSFID: dsfid[0], BlockSize: flags.blockSize, Data: data}, nil
}

func labelOptions(flags tagFlags) (label.Options, error) {
	var o label.Options
	for _, p := range flags.cards {
		re, err := regexp.Compile(p)
		if err != nil {
			return o, fmt.Errorf("--card-pattern: %w", err)
		}
		o.Cards501 = append(o.Cards501, re)
	}
	return o, nil
}

var errOddHex = errors.New("odd number of hexadecimal digits")

// parseHex reads groups of whole bytes. A group with half a byte is refused
// even if another one makes the count even: it would shift everything behind it.
func parseHex(text string) ([]byte, error) {
	if len(text) > maxTagText {
		return nil, fmt.Errorf("the text is too long: more than %d characters", maxTagText)
	}
	var data []byte
	for _, group := range strings.FieldsFunc(text, isSeparator) {
		if strings.HasPrefix(group, "0x") || strings.HasPrefix(group, "0X") {
			group = group[2:]
		}
		if i := strings.IndexFunc(group, notHex); i >= 0 {
			r, _ := utf8.DecodeRuneInString(group[i:])
			return nil, fmt.Errorf("not hexadecimal: %q", r)
		}
		b, err := hex.DecodeString(group)
		if err != nil {
			return nil, errOddHex
		}
		data = append(data, b...)
	}
	return data, nil
}

func notHex(r rune) bool { return !strings.ContainsRune("0123456789abcdefABCDEF", r) }

func isSeparator(r rune) bool { return strings.ContainsRune(" \t\r\n\v\f:,-", r) }

// tagReport is a label as the command prints it.
type tagReport struct {
	Model      string            `json:"model"`
	Kind       string            `json:"kind"`
	Item       string            `json:"item"`
	Owner      string            `json:"owner"`
	Usage      string            `json:"usage"`
	Parts      int               `json:"parts"`
	Part       int               `json:"part"`
	CRC        string            `json:"crc"`
	Order      string            `json:"order"`
	Extensions []label.Extension `json:"extensions"`
}

func printLabel(w io.Writer, l label.Label) error {
	r := tagReport{
		Model: l.Model, Kind: l.Kind, Item: l.Item, Owner: l.Owner, Usage: fmt.Sprintf("%02x", l.Usage),
		Parts: l.Parts, Part: l.Part, CRC: l.CRC, Order: l.Order, Extensions: l.Extensions,
	}
	if r.Extensions == nil {
		r.Extensions = []label.Extension{}
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(r)
}
