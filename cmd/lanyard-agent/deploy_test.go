package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
)

// started returns the words with which each file of deploy/ starts the agent.
func started(t *testing.T) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	unit := read(t, "lanyard-agent.service")
	_, line, _ := strings.Cut(unit, "\nExecStart=")
	line, _, _ = strings.Cut(line, "\n")
	out["systemd"] = strings.Fields(line)
	_, words, _ := strings.Cut(read(t, "com.github.lanyard-hub.agent.plist"), "<key>ProgramArguments</key>")
	words, _, _ = strings.Cut(words, "</array>")
	for _, part := range strings.Split(words, "<string>")[1:] {
		word, _, _ := strings.Cut(part, "</string>")
		out["launchd"] = append(out["launchd"], word)
	}
	_, value, _ := strings.Cut(read(t, "lanyard-agent.wxs"), `Name="Lanyard Agent" Type="string" Value="&quot;[INSTALLDIR]`)
	value, _, _ = strings.Cut(value, `"`)
	out["Windows"] = strings.Fields(strings.Replace(value, "&quot;", "", 1))
	return out
}

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDeployed: what starts the agent on each operating system starts a command that there is.
func TestDeployed(t *testing.T) {
	for system, words := range started(t) {
		if len(words) < 2 || !strings.HasPrefix(words[0][strings.LastIndex(words[0], "/")+1:], "lanyard-agent") {
			t.Errorf("%s starts %q", system, words)
			continue
		}
		c, rest, err := newRoot(nil, io.Discard, io.Discard).Find(words[1:])
		if err != nil || c.Name() != "run" {
			t.Errorf("%s: %q: %v", system, words, err)
			continue
		}
		if err := c.ParseFlags(rest); err != nil || len(c.Flags().Args()) != 0 {
			t.Errorf("%s: %q: %v", system, words, err)
		}
		if i := slices.Index(words, "--config"); i >= 0 && words[i+1] != "/etc/lanyard/agent.yaml" {
			t.Errorf("%s: %q", system, words)
		}
	}
	for _, name := range []string{"com.github.lanyard-hub.agent.plist", "lanyard-agent.wxs"} {
		d := xml.NewDecoder(strings.NewReader(read(t, name)))
		d.Strict = true
		for {
			_, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
		}
	}
}
