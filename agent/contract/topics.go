package contract

import (
	"fmt"
	"slices"
	"strings"
)

// root is the first two levels of every topic: the program and the contract's
// major version.
const root = "nd/1"

// Channel is one line of the topic table.
type Channel struct {
	Name    string // "up/ev": what follows the kiosk; "b/dt": what follows the shard
	Address string // with {authority}, {kiosk} and {shard} to be filled in
	QoS     byte
	Retain  bool
	Kinds   []Kind // what is said there in version 1; none: kept free
}

// Channels is the topic table (design D15). asyncapi.yaml says the same, and a
// test compares them.
func Channels() []Channel {
	up := func(name string, qos byte, retain bool, kinds ...Kind) Channel {
		return Channel{"up/" + name, root + "/{authority}/k/{kiosk}/up/" + name, qos, retain, kinds}
	}
	down := func(name string, kinds ...Kind) Channel {
		return Channel{"dn/" + name, root + "/{authority}/k/{kiosk}/dn/" + name, 1, false, kinds}
	}
	shard := func(name string, retain bool, kinds ...Kind) Channel {
		return Channel{"b/" + name, root + "/{authority}/b/{shard}/" + name, 1, retain, kinds}
	}
	return []Channel{
		up("ev", 1, false, KindBatch),
		up("hi", 1, false, KindHello, KindPull),
		up("st", 1, true, KindStatus),
		up("hb", 0, false, KindHeartbeat),
		up("ask", 1, false, KindAsk),
		up("jb", 1, false),
		down("ak", KindAck),
		down("dt", KindChunk),
		down("answer", KindAnswer),
		down("jb"),
		shard("dt", false, KindChunk),
		shard("hd", true, KindHead),
	}
}

// Topics builds the topics of one kiosk. Shard may be empty where only the
// kiosk's own topics are wanted.
type Topics struct{ Authority, Kiosk, Shard string }

// Check says which name is none: ^[a-z0-9][a-z0-9-]{0,39}$.
func (t Topics) Check() error {
	for _, name := range []struct{ what, name string }{
		{"authority", t.Authority}, {"kiosk", t.Kiosk}, {"shard", t.Shard},
	} {
		if err := CheckName(name.what, name.name); err != nil {
			return err
		}
	}
	return nil
}

func (t Topics) own(name string) string {
	return root + "/" + t.Authority + "/k/" + t.Kiosk + "/" + name
}
func (t Topics) shard(name string) string {
	return root + "/" + t.Authority + "/b/" + t.Shard + "/" + name
}

// Ev takes batches.
func (t Topics) Ev() string { return t.own("up/ev") }

// Hi takes hellos and pulls.
func (t Topics) Hi() string { return t.own("up/hi") }

// St takes the retained status and the will.
func (t Topics) St() string { return t.own("up/st") }

// Hb takes heartbeats.
func (t Topics) Hb() string { return t.own("up/hb") }

// Ask takes the one question to central (design D7).
func (t Topics) Ask() string { return t.own("up/ask") }

// Jb takes the states of commands.
func (t Topics) Jb() string { return t.own("up/jb") }

// Ak brings acknowledgements.
func (t Topics) Ak() string { return t.own("dn/ak") }

// Dt brings the chunks that were pulled.
func (t Topics) Dt() string { return t.own("dn/dt") }

// Answer brings the answer to a question.
func (t Topics) Answer() string { return t.own("dn/answer") }

// DnJb brings commands.
func (t Topics) DnJb() string { return t.own("dn/jb") }

// ShardDt brings items as they change.
func (t Topics) ShardDt() string { return t.shard("dt") }

// ShardHd brings the retained head of the feeds.
func (t Topics) ShardHd() string { return t.shard("hd") }

// Filters are what a kiosk subscribes to: all that is said to it and to its shard.
func (t Topics) Filters() []string { return []string{t.own("dn/#"), t.shard("#")} }

// UpFilter is what a receiver of central subscribes to: all that the kiosks
// of an authority say. It may be put behind "$share/GROUP/".
func UpFilter(authority string) string { return root + "/" + authority + "/k/+/up/+" }

// Topic is a topic taken apart: Kiosk or Shard is set, and the channel's name.
type Topic struct {
	Authority, Kiosk, Shard string
	Channel                 string // "up/ev", "b/hd": Channel.Name
}

// ParseTopic takes a topic apart. It knows only the topic table's channels.
func ParseTopic(s string) (Topic, error) {
	bad := fmt.Errorf("topic %q is none of this contract", clip(s))
	rest, ok := strings.CutPrefix(s, root+"/")
	parts := strings.Split(rest, "/")
	if !ok || len(parts) < 4 || !validName(parts[0]) || !validName(parts[2]) {
		return Topic{}, bad
	}
	t := Topic{Authority: parts[0]}
	switch {
	case parts[1] == "k" && len(parts) == 5 && parts[3] != "b":
		t.Kiosk, t.Channel = parts[2], parts[3]+"/"+parts[4]
	case parts[1] == "b" && len(parts) == 4:
		t.Shard, t.Channel = parts[2], "b/"+parts[3]
	default:
		return Topic{}, bad
	}
	if !slices.ContainsFunc(Channels(), func(c Channel) bool { return c.Name == t.Channel }) {
		return Topic{}, bad
	}
	return t, nil
}

// CheckName says whether a name of an authority, a kiosk, a venue or a shard
// may stand in a topic: ^[a-z0-9][a-z0-9-]{0,39}$.
func CheckName(what, name string) error {
	if !validName(name) {
		return fmt.Errorf("%s %q: want 1 to 40 of a-z, 0-9 and -, not beginning with -", what, clip(name))
	}
	return nil
}

func validName(s string) bool {
	if s == "" || len(s) > 40 || s[0] == '-' {
		return false
	}
	return strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}
