package contract

import (
	"strings"
	"testing"
)

func TestTopics(t *testing.T) {
	own := Topics{Authority: "harbour", Kiosk: "kiosk-1", Shard: "town"}
	built := map[string]string{
		"up/ev": own.Ev(), "up/hi": own.Hi(), "up/st": own.St(), "up/hb": own.Hb(), "up/ask": own.Ask(), "up/jb": own.Jb(),
		"dn/ak": own.Ak(), "dn/dt": own.Dt(), "dn/answer": own.Answer(), "dn/jb": own.DnJb(),
		"b/dt": own.ShardDt(), "b/hd": own.ShardHd(),
	}
	fill := strings.NewReplacer("{authority}", own.Authority, "{kiosk}", own.Kiosk, "{shard}", own.Shard)
	for _, c := range Channels() {
		topic := built[c.Name]
		if want := fill.Replace(c.Address); topic != want {
			t.Errorf("%s: got %s, want %s", c.Name, topic, want)
		}
		want := Topic{Authority: "harbour", Kiosk: "kiosk-1", Channel: c.Name}
		if strings.HasPrefix(c.Name, "b/") {
			want.Kiosk, want.Shard = "", "town"
		}
		if got, err := ParseTopic(topic); err != nil || got != want {
			t.Errorf("%s: got %+v, %v, want %+v", topic, got, err, want)
		}
	}
	if len(built) != len(Channels()) {
		t.Errorf("%d builders, %d channels", len(built), len(Channels()))
	}
}

func TestParseTopicRefuses(t *testing.T) {
	for _, s := range []string{
		"", "nd", "nd/1", "nd/1/harbour", "nd/1/harbour/k/kiosk-1/up", "nd/1/harbour/k/kiosk-1/up/ev/", "nd/1/harbour/k/kiosk-1/up/xx",
		"nd/2/harbour/k/kiosk-1/up/ev", "/nd/1/harbour/k/kiosk-1/up/ev", "nd/1/Harbour/k/kiosk-1/up/ev", "nd/1//k/kiosk-1/up/ev",
		"nd/1/harbour/k/-kiosk/up/ev", "nd/1/harbour/k/+/up/ev", "nd/1/harbour/k/#", "nd/1/harbour/b/town/up/ev", "nd/1/harbour/b/town/ev",
		"nd/1/harbour/k/" + strings.Repeat("x", 41) + "/up/ev", "nd/1/harbour/k/kiosk-1/b/dt", "nd/1/harbour/k/kiosk\x00/up/ev",
	} {
		if got, err := ParseTopic(s); err == nil {
			t.Errorf("%q: got %+v, want an error", s, got)
		}
	}
	if _, err := ParseTopic("nd/1/harbour/k/" + strings.Repeat("x", 40) + "/up/ev"); err != nil {
		t.Error(err)
	}
}

func FuzzParseTopic(f *testing.F) {
	for _, c := range Channels() {
		f.Add(c.Address)
	}
	f.Add("nd/1/a/k/b/up/ev")
	f.Add("nd/1/a/b/c/hd")
	f.Fuzz(func(t *testing.T, s string) {
		topic, err := ParseTopic(s)
		if err != nil {
			return
		}
		back := root + "/" + topic.Authority + "/k/" + topic.Kiosk + "/" + topic.Channel
		if topic.Shard != "" {
			back = root + "/" + topic.Authority + "/b/" + topic.Shard + "/" + strings.TrimPrefix(topic.Channel, "b/")
		}
		if back != s {
			t.Errorf("%q parses as %+v, which is %q", s, topic, back)
		}
	})
}
