package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
)

// The tags of the examples: ISO 28560-3 Annex B as open readers reproduce it,
// computed variants of it, a dump of a deployed kiosk, a recorded 3M session.
const (
	annexB1   = "1101013130303030303030353600000000000098A4444B3731383530300000000000"
	annexB1R  = "31010111" + "30303030" + "35303030" + "00000036" + "98000000" + "374B44A4" + "30353831" + "00000030" + "0000"
	reference = "12010130303132333435363738000000000000EA504445310000000000000000"
	card      = "180101323335323930303030333536373600004BD146494A6E730000000000000000"
	ambiguous = "21010131303030303030303536000000000000F6F9444B3731383530300000000000"
	corrupt   = "1101013130313030303030353600000000000098A4444B3731383530300000000000"
	mikkeli2  = "9101046091CE43800201A80501106702424103073240DE05AB075B00"
	book501   = "0411000131333032303939393939" + "000000000000000000000000000000000000"
)

func nightdesk(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

func TestTagDecodePrints(t *testing.T) {
	code, out, errs := nightdesk(t, "", "tag", "decode", mikkeli2)
	want := `{
  "model": "28560-2",
  "kind": "item",
  "item": "1620168259",
  "owner": "FI-Mamk-M",
  "usage": "10",
  "parts": 1,
  "part": 1,
  "crc": "none",
  "order": "forward",
  "extensions": [
    {
      "id": 7,
      "name": "onix_media",
      "fields": {
        "value": "BA"
      },
      "raw": "4241"
    }
  ]
}
`
	if code != 0 || out != want || errs != "" {
		t.Errorf("got %d, %s%s, want %s", code, out, errs, want)
	}
}

func TestTagDecodeReads(t *testing.T) {
	grouped := "0x11 0x01 0x01\n31:30:30:30:30:30:30:30:35:36\t000000000000,98A4-444B\r\n373138353030 0000000000\n"
	for _, c := range []struct {
		name, stdin string
		args        []string
		want        map[string]any
	}{
		{"28560-3", "", []string{annexB1}, map[string]any{"model": "28560-3", "item": "1000000056", "owner": "DK-718500", "usage": "10", "crc": "ok"}},
		{"lower case", "", []string{strings.ToLower(annexB1)}, map[string]any{"item": "1000000056"}},
		{"0x in front of all", "", []string{"0x" + annexB1}, map[string]any{"item": "1000000056"}},
		{"grouped", "", []string{grouped}, map[string]any{"item": "1000000056"}},
		{"in several arguments", "", strings.Fields("11 01 01 313030303030303035 36 000000000000 98A4 444B373138353030 0000000000"), map[string]any{"item": "1000000056"}},
		{"standard input", grouped, []string{"-"}, map[string]any{"item": "1000000056"}},
		{"as FEIG readers deliver it", "", []string{annexB1R}, map[string]any{"item": "1000000056", "order": "reversed"}},
		{"not for loan", "", []string{reference}, map[string]any{"kind": "item", "usage": "20", "item": "0012345678", "owner": "DE-1"}},
		{"ambiguous", "", []string{ambiguous}, map[string]any{"kind": "item", "usage": "20"}},
		{"501", "", []string{book501}, map[string]any{"model": "501", "item": "1302099999", "owner": "", "usage": "00", "kind": "item"}},
		{"501 borrower card", "", []string{"--card-pattern", "^1302", book501}, map[string]any{"kind": "card"}},
		{"blocks of 32", "", []string{"--block-size", "32", "--dsfid", "3E", reversed(t, reference)}, map[string]any{"item": "0012345678", "order": "reversed"}},
	} {
		code, out, errs := nightdesk(t, c.stdin, append([]string{"tag", "decode"}, c.args...)...)
		var got map[string]any
		if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
			t.Errorf("%s: got %d, %v, %s", c.name, code, err, errs)
		}
		for key, want := range c.want {
			if got[key] != want {
				t.Errorf("%s: %s: got %v, want %v", c.name, key, got[key], want)
			}
		}
		if len(got) != 10 {
			t.Errorf("%s: got %d keys, want 10", c.name, len(got))
		}
	}
}

func reversed(t *testing.T, text string) string {
	t.Helper()
	var out string
	for i := 0; i < len(text); i += 2 {
		out = text[i:i+2] + out
	}
	return out
}

func TestTagDecodeHints(t *testing.T) {
	code, _, errs := nightdesk(t, "", "tag", "decode", ambiguous)
	want := "nightdesk: hint: odd about this tag: possibly swapped nibbles\n"
	if code != 0 || errs != want {
		t.Errorf("got %d, %q, want %q", code, errs, want)
	}
}

func TestTagDecodeRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		args  []string
		stdin string
		want  string
	}{
		{"blank", []string{strings.Repeat("00", 32)}, "", "the tag is blank"},
		{"blank by 3M", []string{strings.Repeat("55", 24) + "00000000"}, "", "the tag is blank"},
		{"corrupt", []string{corrupt}, "", "the tag is corrupt: 28560-3 CRC is A498 on the tag but B1FE over its bytes, in either byte order"},
		{"cut off", []string{annexB1[:40]}, "", "the tag's bytes are too short to decide: at least 32 needed"},
		{"nothing", []string{""}, "", "the tag's bytes are too short to decide: at least 32 needed"},
		{"nothing on standard input", []string{"-"}, "\n", "the tag's bytes are too short to decide: at least 32 needed"},
		{"half a byte", []string{annexB1[:41]}, "", "odd number of hexadecimal digits"},
		{"two halves", []string{"1 1"}, "", "odd number of hexadecimal digits"},
		{"a sentence", []string{"hello"}, "", "not hexadecimal: 'h'"},
		{"not ASCII", []string{"11é1"}, "", "not hexadecimal: 'é'"},
		{"too long", []string{"-"}, strings.Repeat("00", 8193), "the tag is too long: 8193 bytes, no tag has more than 8192"},
		{"endless", []string{"-"}, strings.Repeat("00 ", 30000), "the text is too long: more than 65536 characters"},
		{"unknown", []string{strings.Repeat("D5A21C77", 9)}, "", "the tag is in no data model known here"},
		{"block size 0", []string{"--block-size", "0", annexB1}, "", "--block-size 0 is not 1 to 32"},
		{"dsfid of two bytes", []string{"--dsfid", "0606", annexB1}, "", `--dsfid "0606" is not two hexadecimal digits`},
		{"no tag", nil, "", "requires at least 1 arg(s), only received 0"},
	} {
		code, out, errs := nightdesk(t, c.stdin, append([]string{"tag", "decode"}, c.args...)...)
		first, _, _ := strings.Cut(errs, "\n")
		if code != 1 || out != "" || first != "nightdesk: error: "+c.want {
			t.Errorf("%s: got %d, %q, %q, want 1, nothing, %q", c.name, code, out, errs, c.want)
		}
	}
}

func TestTagDecodeCard(t *testing.T) {
	code, out, _ := nightdesk(t, "", "tag", "decode", card)
	if code != 0 || !strings.Contains(out, `"kind": "card"`) || !strings.Contains(out, `"item": "23529000035676"`) {
		t.Errorf("got %d, %s", code, out)
	}
}

func TestHelpNamesEveryKey(t *testing.T) {
	code, out, _ := nightdesk(t, "", "tag", "decode", "--help")
	for _, key := range []string{"model", "kind", "item", "owner", "usage", "parts", "part", "crc", "order", "extensions"} {
		if !strings.Contains(out, "\n  "+key) && !strings.Contains(out, ", "+key+" ") {
			t.Errorf("the help does not name %q", key)
		}
	}
	if code != 0 {
		t.Errorf("got %d, want 0", code)
	}
}
