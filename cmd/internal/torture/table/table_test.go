package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"nightdesk/cmd/internal/torture"
)

func results(t *testing.T, all ...torture.Result) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for i, r := range all {
		body, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, string(rune('a'+i))+".json"), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var kills = torture.Result{Rig: "kill/TestKill", Harm: "kill -9", Target: "nothing lost", Done: 20000, Unit: "kills",
	Reached: "0 lost", OK: true, Seed: 7, Seconds: 51.83, At: time.Date(2026, 11, 25, 18, 0, 0, 0, time.UTC)}

func TestThePage(t *testing.T) {
	wrong := kills
	wrong.Rig, wrong.OK, wrong.Reached = "clock/TestClock", false, ""
	dir := results(t, kills, wrong)
	readme := filepath.Join(dir, "README.md")
	if err := os.WriteFile(readme, []byte("before\n"+begin+"yesterday\n"+end+"\nafter\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ok, err := run(dir, filepath.Join(dir, "torture.out"), readme)
	if err != nil || ok {
		t.Fatalf("got %v, %v, want a page that says that a rig failed", ok, err)
	}
	text, err := os.ReadFile(readme)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"before\n" + begin + "Run on 25 November 2026: ", end + "\nafter\n",
		"| kill -9 | 20 000 kills | nothing lost | 0 lost | 7 | 51.8s |\n", "| nothing lost | **failed** | 7 |"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("got\n%s\nwant %q in it", text, want)
		}
	}
	if strings.Contains(string(text), "yesterday") {
		t.Error("the old page is still there")
	}
}

func TestNoResultsAreAnError(t *testing.T) {
	if _, err := run(t.TempDir(), filepath.Join(t.TempDir(), "torture.json"), ""); err == nil || !strings.Contains(err.Error(), "no rig has run") {
		t.Errorf("got %v, want an error that says that no rig has run", err)
	}
}
