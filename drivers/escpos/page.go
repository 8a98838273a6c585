package escpos

import "strings"

// page is one of the printer's tables of 256 characters. The lower half of all
// is ASCII.
type page struct {
	number byte   // what ESC t calls it: Epson ESC/POS command reference, ESC t
	upper  string // the characters 80 to FF; none stands for a place that is not used
}

// none is U+FFFD, which no text that is worth printing holds.
const none = '\uFFFD'

// pages are the tables that Latin scripts need, the commonest first. A soft
// hyphen has no place in any: a printer would show it.
var pages = [...]page{
	{19, "" + // PC858: western Europe and the euro
		"ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒ" +
		"áíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐" +
		"└┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀" +
		"ÓßÔÒõÕµþÞÚÛÙýÝ¯´\uFFFD±‗¾¶§÷¸°¨·¹³²■\u00A0"},
	{18, "" + // PC852: central Europe
		"ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×č" +
		"áíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐" +
		"└┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀" +
		"ÓßÔŃńňŠšŔÚŕŰýÝţ´\uFFFD˝˛ˇ˘§÷¸°¨˙űŘř■\u00A0"},
	{16, "" + // WPC1252: western Europe with the quotation marks and dashes of print
		"€\uFFFD‚ƒ„…†‡ˆ‰Š‹Œ\uFFFDŽ\uFFFD\uFFFD‘’“”•–—˜™š›œ\uFFFDžŸ" +
		"\u00A0¡¢£¤¥¦§¨©ª«¬\uFFFD®¯°±²³´µ¶·¸¹º»¼½¾¿" +
		"ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÐÑÒÓÔÕÖ×ØÙÚÛÜÝÞß" +
		"àáâãäåæçèéêëìíîïðñòóôõö÷øùúûüýþÿ"},
}

// Encodable reports whether the printer has every character of text in one of
// its tables. Romanian as it is spelt today is not encodable: no table holds ș and
// ț with the comma below, and the ş and ţ with a cedilla of PC852 are other
// letters. Draw such a row and print the picture.
func Encodable(text string) bool {
	_, _, ok := encode(text)
	return ok
}

// encode writes text in the first page that holds all of it. ascii text is the
// same in every page, and gets number 0. A control character is in none: what a
// catalogue wrote into a title must not command the printer.
func encode(text string) (number byte, b []byte, ok bool) {
	if b, ok := asASCII(text); ok {
		return 0, b, true
	}
	for i := range pages {
		if b, ok := pages[i].encode(text); ok {
			return pages[i].number, b, true
		}
	}
	return 0, nil, false
}

func asASCII(text string) ([]byte, bool) {
	for i := range len(text) {
		if !printable(rune(text[i])) {
			return nil, false
		}
	}
	return []byte(text), true
}

func printable(r rune) bool { return r >= ' ' && r <= '~' }

func (p *page) encode(text string) ([]byte, bool) {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if printable(r) {
			b = append(b, byte(r))
			continue
		}
		at := p.find(r)
		if at < 0 {
			return nil, false
		}
		b = append(b, byte(0x80+at))
	}
	return b, true
}

// find is the place of r in the upper half, -1 if it has none.
func (p *page) find(r rune) int {
	if r == none {
		return -1
	}
	before, _, found := strings.Cut(p.upper, string(r))
	if !found {
		return -1
	}
	return len([]rune(before))
}
