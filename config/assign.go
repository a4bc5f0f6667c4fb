package config

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
)

// item is one scalar and where it was written.
type item struct {
	text string
	at   place
}

// assign sets a leaf from what one layer says, unless the texts are wrong or
// the same thing was already said in another way.
func (l *loader) assign(f *field, items []item, key, value place) {
	if !l.claim(f, key, value) {
		return
	}
	if f.fromFile {
		l.assignFromFile(f, items[0])
		return
	}
	dst := l.value(f)
	list := reflect.MakeSlice(reflect.SliceOf(f.elem()), 0, len(items))
	for _, it := range items {
		v, err := f.parse(it.text)
		if err != nil {
			l.fail(it.at, "%s: %s", f.path, err)
			l.spoil(f)
			continue
		}
		if f.fileNames() {
			v = reflect.ValueOf(l.resolveName(f, it.text))
		}
		list = reflect.Append(list, v)
	}
	switch {
	case f.list():
		dst.Set(list)
	case list.Len() == 1:
		dst.Set(list.Index(0))
	}
}

func (f *field) elem() reflect.Type {
	if f.list() {
		return f.typ.Elem()
	}
	return f.typ
}

// parseAll parses the items of a default.
func (f *field) parseAll(texts []string) (reflect.Value, error) {
	list := reflect.MakeSlice(reflect.SliceOf(f.elem()), 0, len(texts))
	for _, text := range texts {
		v, err := f.parse(text)
		if err != nil {
			return reflect.Value{}, err
		}
		list = reflect.Append(list, v)
	}
	if f.list() {
		return list, nil
	}
	if list.Len() != 1 {
		return reflect.Value{}, errors.New("not one value")
	}
	return list.Index(0), nil
}

// claim records that a leaf is set here. It reports two ways of saying the
// same thing: a shorthand beside its long form in one layer, and a secret
// beside its file in any.
func (l *loader) claim(f *field, key, value place) bool {
	prior, set := l.cfg.settings[f.target]
	if set && prior.written != f.path && (prior.key.layer == key.layer || f.fromFile || f.secret) {
		l.fail(key, "%s: %s (%s) says the same thing, keep one", f.path, prior.written, prior.key)
		l.spoil(f)
		return false
	}
	l.cfg.settings[f.target] = setting{written: f.path, key: key, value: value}
	return true
}

// markBad records a leaf whose value could not even be read.
func (l *loader) markBad(f *field, key, value place) {
	l.cfg.settings[f.target] = setting{written: f.path, key: key, value: value, bad: true}
}

// spoil keeps rules between fields from judging a value that was refused.
func (l *loader) spoil(f *field) {
	s := l.cfg.settings[f.target]
	s.bad = true
	l.cfg.settings[f.target] = s
}

// assignFromFile sets a secret to the content of a file, without the newline
// at its end.
func (l *loader) assignFromFile(f *field, it item) {
	if it.text == "" {
		l.fail(it.at, "%s: is empty", f.path)
		l.spoil(f)
		return
	}
	if l.opts.SkipFiles {
		l.spoil(f)
		return
	}
	name := l.resolveName(f, it.text)
	b, err := readBounded(name)
	if err == nil && strings.TrimRight(string(b), "\r\n") == "" {
		err = errors.New("is empty")
	}
	if err != nil {
		l.fail(it.at, "%s: %s: %s", f.path, name, err)
		l.spoil(f)
		return
	}
	l.value(f).SetString(strings.TrimRight(string(b), "\r\n"))
	l.checkMode(l.cfg.settings[f.target].key, f.path, name)
}

// resolveName makes a file name independent of where the program runs. A bare
// name of a secret file is looked for among systemd's credentials first.
func (l *loader) resolveName(f *field, name string) string {
	if filepath.IsAbs(name) {
		return filepath.Clean(name)
	}
	if f.secretFile() && l.creds != "" && filepath.Base(name) == name {
		if in := filepath.Join(l.creds, name); exists(in) {
			return in
		}
	}
	return filepath.Join(l.dir, name)
}

// choose turns on the named members of a choice and turns off the rest.
func (l *loader) choose(f *field, items []item) {
	for _, c := range f.children {
		l.value(c).FieldByName("Enabled").SetBool(false)
	}
	for _, it := range items {
		if c := f.child(it.text); c != nil {
			l.value(c).FieldByName("Enabled").SetBool(true)
			continue
		}
		message := fmt.Sprintf("%s: %q is not one of %s", f.path, it.text, strings.Join(f.names(), ", "))
		if guess := nearest(strings.ToLower(it.text), f.names()); guess != "" {
			message += fmt.Sprintf(", did you mean %q?", guess)
		}
		l.fail(it.at, "%s", message)
		l.spoil(f)
	}
}

// String is "file:line", or the source when there is no line.
func (p place) String() string {
	if p.line > 0 {
		return fmt.Sprintf("%s:%d", p.source, p.line)
	}
	if p.source == "" {
		return "default"
	}
	return p.source
}
