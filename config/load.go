package config

import (
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"
)

// Options say where the configuration will be used.
type Options struct {
	// Production refuses what only a trial may do: an http issuer, and secrets
	// written into a file that others can read.
	Production bool
	// Lab lifts the ban on an http issuer in production mode, for rehearsals
	// of the real program on one machine.
	Lab bool
	// SkipFiles leaves the files that keys name alone, for checking a
	// configuration on a machine that does not have them.
	SkipFiles bool
	// Now is compared with the validity of certificates; zero skips that.
	Now time.Time
}

// Load reads the file at path, then LANYARD_* and CREDENTIALS_DIRECTORY from
// env (as in os.Environ), over the defaults, and checks the whole. An empty
// path means that everything comes from the environment. When the report has
// errors the Config is what could be understood, good only for showing.
func Load(path string, env []string, opts Options) (Config, Report) {
	l := newLoader(path, env, opts)
	usable := path == "" || l.readFile()
	l.readEnvironment(env)
	l.readCredentials()
	if usable {
		l.required(l.root)
		l.derive()
		l.check()
		l.checkFiles()
	}
	l.report.sort()
	return l.cfg, l.report
}

// Defaults returns the configuration of an empty file, before the defaults
// that depend on other keys.
func Defaults() Config {
	l := newLoader("", nil, Options{})
	return l.cfg
}

// layer orders what may set a key; a later layer replaces an earlier one.
type layer int

const (
	layerDefault layer = iota
	layerFile
	layerCredential
	layerEnvironment
)

// place is where something was written.
type place struct {
	layer     layer
	source    string
	line, col int
}

// setting is how a key got its value.
type setting struct {
	written string // the key as written: a shorthand, a *_file, or the path itself
	key     place
	value   place
	bad     bool // the value was refused
}

type loader struct {
	opts    Options
	path    string // of the configuration file
	dir     string // relative file names start here
	creds   string // $CREDENTIALS_DIRECTORY
	doc     document
	root    *field
	cfg     Config
	groups  map[string]place // groups that occur in the file
	aliases int
	report  Report
}

func newLoader(path string, env []string, opts Options) *loader {
	l := &loader{opts: opts, path: path, dir: filepath.Dir(path), root: tree(), groups: map[string]place{}}
	l.cfg.settings = map[string]setting{}
	for _, kv := range env {
		if v, ok := strings.CutPrefix(kv, "CREDENTIALS_DIRECTORY="); ok {
			l.creds = v
		}
	}
	l.fallBack(l.root)
	return l
}

// fallBack sets every leaf below a field to its default.
func (l *loader) fallBack(below *field) {
	for _, f := range below.leaves() {
		if f.fallback == "" || f.shorthand {
			continue
		}
		if values, err := f.parseAll(strings.Fields(f.fallback)); err == nil {
			l.value(f).Set(values)
		}
	}
}

// value is the struct field that a leaf sets.
func (l *loader) value(f *field) reflect.Value {
	return f.in(reflect.ValueOf(&l.cfg).Elem())
}

// readFile applies the configuration file. It reports false when the file is
// not even YAML: then complaints about absent keys would only confuse.
func (l *loader) readFile() bool {
	b, err := readBounded(l.path)
	if err != nil {
		l.add(Problem{Source: l.path, Message: "cannot read the configuration: " + err.Error()})
		return false
	}
	doc, wrong := parseDocument(b)
	l.doc = doc
	if wrong != nil {
		l.add(Problem{Source: l.path, Line: wrong.line, Col: wrong.col, Message: wrong.message})
		return false
	}
	if doc.root != nil {
		l.applyRoot(doc.root)
	}
	return true
}

func (l *loader) add(p Problem) { l.report = append(l.report, p) }

// fail reports an error at a place.
func (l *loader) fail(at place, format string, args ...any) {
	l.add(Problem{Source: at.source, Line: at.line, Col: at.col, Message: fmt.Sprintf(format, args...)})
}

// warn reports a warning at a place.
func (l *loader) warn(at place, format string, args ...any) {
	l.add(Problem{Severity: Warning, Source: at.source, Line: at.line, Col: at.col, Message: fmt.Sprintf(format, args...)})
}
