// Package lanyard_test holds the rules of this house: who may import whom, what every room must have, and
// that the documents tell the truth. Each rule is a function from the sources to a list of what breaks it;
// planted_test.go breaks every rule once, to prove that it bites.
package lanyard_test

import (
	"bytes"
	"encoding/json"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// rules by the name that CONTRIBUTING.md uses.
var rules = map[string]func(house) []string{
	"imports":           house.checkImports,
	"clock":             house.checkClock,
	"unverified":        house.checkUnverified,
	"package docs":      house.checkDocs,
	"routes":            house.checkRoutes,
	"names":             house.checkNames,
	"state":             house.checkState,
	"reasons":           house.checkReasons,
	"audit events":      house.checkKinds,
	"hazards":           house.checkHazards,
	"links":             house.checkLinks,
	"named files":       house.checkNamedFiles,
	"walks":             house.checkWalks,
	"commands":          house.checkCommands,
	"command reference": house.checkCommandReference,
	"references":        house.checkReferences,
	"settings":          house.checkSettings,
	"function length":   house.checkLength,
	"room size":         house.checkSize,
	"fuzz corpora":      house.checkCorpora,
	"workplace":         func(h house) []string { return h.checkWords(workplace()) },
}

func TestHouse(t *testing.T) {
	h := thisHouse(t)
	for name, rule := range rules {
		t.Run(name, func(t *testing.T) {
			for _, broken := range rule(h) {
				t.Error(broken)
			}
		})
	}
}

func TestModule(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var m moduleFile
	if err := json.Unmarshal(out, &m); err != nil {
		t.Fatal(err)
	}
	for _, broken := range checkModule(m) {
		t.Error(broken)
	}
}

// TestEveryRoomIsSeen compares what the rules look at with what the go command builds.
func TestEveryRoomIsSeen(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-e", "-f", "{{.ImportPath}}", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	h := thisHouse(t)
	for _, p := range strings.Fields(string(out)) {
		dir := strings.TrimPrefix(strings.TrimPrefix(p, module), "/")
		if dir == "" {
			dir = "."
		}
		if len(h.room(dir).sources) == 0 {
			t.Errorf("%s is built, but no rule looks at it", p)
		}
	}
}

func thisHouse(t *testing.T) house {
	t.Helper()
	h, err := readOnce()
	if err != nil {
		t.Fatal(err)
	}
	return h
}

var readOnce = sync.OnceValues(func() (house, error) {
	root, err := os.Getwd()
	if err != nil {
		return house{}, err
	}
	fsys := os.DirFS(root)
	files, err := listFiles(fsys, root)
	if err != nil {
		return house{}, err
	}
	return readHouse(fsys, files)
})

// listFiles lists what is, or is about to be, committed; in an unpacked archive without git, everything.
func listFiles(fsys fs.FS, root string) ([]string, error) {
	git := exec.Command("git", "-C", root, "ls-files", "-z", "--cached", "--others", "--exclude-standard")
	if out, err := git.Output(); err == nil && len(out) > 0 {
		names := strings.Split(string(bytes.TrimRight(out, "\x00")), "\x00")
		return slices.DeleteFunc(names, func(name string) bool { // deleted, but not committed yet
			_, err := fs.Stat(fsys, name)
			return err != nil
		}), nil
	}
	var names []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

// workplace lists words that belong to the place of work and not to the project: where this copy lies, where
// modules come from here, and tools of the people who wrote it. The words are put together here, so that this
// file does not hold them itself.
func workplace() []string {
	words := []string{"/wo" + "rk/", "/tmp/br" + "ief", "bash_" + "jobs", "cla" + "ude", "anthr" + "opic", "co-author" + "ed-by"}
	if root, err := os.Getwd(); err == nil && strings.Count(root, string(filepath.Separator)) > 1 {
		words = append(words, root)
	}
	for _, name := range []string{"GOPROXY", "GOSUMDB", "PIP_INDEX_URL", "NPM_CONFIG_REGISTRY", "HTTP_PROXY", "HTTPS_PROXY"} {
		for _, part := range strings.FieldsFunc(os.Getenv(name), func(r rune) bool { return r == ',' || r == '|' || r == ' ' }) {
			if u, err := url.Parse(part); err == nil && strings.Contains(u.Hostname(), ".") && u.Hostname() != "proxy.golang.org" && !strings.HasPrefix(u.Hostname(), "127.") {
				words = append(words, u.Hostname())
			}
		}
	}
	return words
}
