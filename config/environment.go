package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

const (
	environmentPrefix = "LANYARD_"
	environmentSuffix = " (environment)"
)

// readEnvironment applies LANYARD_*, in order of name. Of a name that occurs
// twice the last counts, as in a shell.
func (l *loader) readEnvironment(env []string) {
	values := map[string]string{}
	var names []string
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, environmentPrefix) || reserved(name) {
			continue
		}
		if _, twice := values[name]; !twice {
			names = append(names, name)
		}
		values[name] = value
	}
	slices.Sort(names)
	known := l.variables()
	for _, name := range names {
		at := place{layer: layerEnvironment, source: printable(name) + environmentSuffix}
		if f := known[name]; f != nil {
			l.applyVariable(f, at, values[name])
		} else {
			l.unknownVariable(name, at, known)
		}
	}
}

// printable keeps a hostile name from writing to the terminal.
func printable(name string) string {
	if strings.ContainsFunc(name, func(r rune) bool { return !strconv.IsPrint(r) }) {
		return strconv.Quote(name)
	}
	return name
}

// reserved names are for the project's own tests.
func reserved(name string) bool {
	return name == "LANYARD_COMPONENTS" || strings.HasPrefix(name, "LANYARD_TEST_")
}

// variables maps every name in the environment to its key.
func (l *loader) variables() map[string]*field {
	out := map[string]*field{}
	for _, f := range l.root.leaves() {
		out[f.variable()] = f
	}
	for _, f := range l.root.children {
		if f.choice {
			out[f.variable()] = f
		}
	}
	return out
}

func (l *loader) applyVariable(f *field, at place, value string) {
	items := []item{{value, at}}
	if f.list() || f.choice {
		items = nil
		for _, text := range strings.Split(value, ",") {
			if text = strings.TrimSpace(text); text != "" {
				items = append(items, item{text, at})
			}
		}
	}
	if f.choice {
		l.cfg.settings[f.path] = setting{written: f.path, key: at, value: at}
		l.choose(f, items)
		return
	}
	l.assign(f, items, at, at)
}

// unknownVariable reports a misspelt name; the value is never shown.
func (l *loader) unknownVariable(name string, at place, known map[string]*field) {
	names := make([]string, 0, len(known))
	for n := range known {
		names = append(names, n)
	}
	slices.Sort(names)
	// Only what follows the prefix counts, or everything would be near.
	bare := make([]string, len(names))
	for i, n := range names {
		bare[i] = strings.TrimPrefix(n, environmentPrefix)
	}
	word := strings.ToUpper(strings.TrimPrefix(name, environmentPrefix))
	if single := matchSingle(word, bare); single != "" {
		l.fail(at, "unknown key, did you mean %s%s?", environmentPrefix, single)
	} else if guess := nearest(word, bare); guess != "" {
		l.fail(at, "unknown key, did you mean %s%s?", environmentPrefix, guess)
	} else if serviceLink(word) {
		l.fail(at, "unknown key; Kubernetes sets it for a service called lanyard: set enableServiceLinks to false")
	} else {
		l.fail(at, "unknown key")
	}
}

// matchSingle finds the name that differs only in how many underscores part
// its levels.
func matchSingle(word string, names []string) string {
	squeeze := func(s string) string { return strings.ReplaceAll(s, "_", "") }
	for _, n := range names {
		if squeeze(n) == squeeze(word) {
			return n
		}
	}
	return ""
}

// serviceLink says whether a name is of the kind that Kubernetes injects.
func serviceLink(word string) bool {
	return strings.HasPrefix(word, "SERVICE_") || word == "PORT" || strings.HasPrefix(word, "PORT_")
}

// readCredentials fills secret keys that nothing else has set from systemd's
// credentials: the credential is called like the key, without _file.
func (l *loader) readCredentials() {
	if l.creds == "" {
		return
	}
	for _, f := range l.root.leaves() {
		if f.shorthand || !f.secretFile() {
			continue
		}
		if _, set := l.cfg.settings[f.target]; set {
			continue
		}
		name := strings.TrimSuffix(f.path, "_file")
		path := filepath.Join(l.creds, name)
		if !exists(path) {
			continue
		}
		at := place{layer: layerCredential, source: fmt.Sprintf("%s (credential)", name)}
		l.assign(f, []item{{path, at}}, at, at)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
