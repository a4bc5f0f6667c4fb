package smart

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrScope is what every error of Parse wraps.
var ErrScope = errors.New("smart: no clinical scope")

// Level says whose access a scope is about.
type Level string

// The levels.
const (
	Patient Level = "patient" // the patient in context
	User    Level = "user"    // whatever the person signed in may reach
	System  Level = "system"  // whatever the client itself may reach: Backend Services
)

// Actions are what may be done, as bits.
type Actions uint8

// The actions, in the order in which a scope lists them.
const (
	Create Actions = 1 << iota
	Read
	Update
	Delete
	Search
)

const letters = "cruds" // of the actions, in their order

// Scope is one clinical scope.
type Scope struct {
	Level    Level
	Resource string // type of FHIR resource, or *
	Actions  Actions
	Query    []string // search parameters that narrow it, each name=value, sorted, each once
}

// Bounds of a scope.
const (
	maxScope = 512 // bytes
	maxQuery = 16  // search parameters
)

// Clinical reports whether a scope is meant as a clinical one, well written or not.
func Clinical(scope string) bool {
	level, _, ok := strings.Cut(scope, "/")
	return ok && (level == string(Patient) || level == string(User) || level == string(System))
}

// Parse reads a scope in the form of version 2 (patient/Observation.rs?category=x), or of version 1 (patient/Observation.read), which
// stands for the same in version 2: read for rs, write for cud, * for cruds. Letters out of order, or without meaning, are an error:
// .dus is no scope.
func Parse(text string) (Scope, error) {
	var s Scope
	refuse := func(why string) (Scope, error) { return Scope{}, fmt.Errorf("%w: %s", ErrScope, why) }
	if len(text) > maxScope {
		return refuse("it is too long")
	}
	if !Clinical(text) {
		return refuse("it begins with none of patient/, user/ and system/")
	}
	level, rest, _ := strings.Cut(text, "/")
	s.Level = Level(level)
	rest, query, asked := strings.Cut(rest, "?")
	resource, actions, ok := strings.Cut(rest, ".")
	if !ok || resource != "*" && !resourceType(resource) {
		return refuse("after the slash comes a type of resource or *, and a dot")
	}
	s.Resource = resource
	first := false
	if s.Actions, first = versionOne(actions); first && asked {
		return refuse("search parameters follow the letters of version 2 only")
	}
	if !first {
		if s.Actions, ok = versionTwo(actions); !ok {
			return refuse("after the dot come one or more of c, r, u, d and s, in this order")
		}
	}
	if !asked {
		return s, nil
	}
	var err error
	s.Query, err = parseQuery(query)
	return s, err
}

// resourceType reports whether a text has the form of a type of FHIR resource.
func resourceType(s string) bool {
	if s == "" || len(s) > 64 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	return !strings.ContainsFunc(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

func versionOne(s string) (Actions, bool) {
	switch s {
	case "read":
		return Read | Search, true
	case "write":
		return Create | Update | Delete, true
	case "*":
		return Create | Read | Update | Delete | Search, true
	}
	return 0, false
}

func versionTwo(s string) (out Actions, ok bool) {
	for i := range len(s) {
		at := strings.IndexByte(letters, s[i])
		if at < 0 || out>>at != 0 { // this letter, or a later one, was there before
			return 0, false
		}
		out |= 1 << at
	}
	return out, out != 0
}

// String is the canonical form, of version 2.
func (s Scope) String() string {
	var b strings.Builder
	b.WriteString(string(s.Level) + "/" + s.Resource + ".")
	for i := range len(letters) {
		if s.Actions&(1<<i) != 0 {
			b.WriteByte(letters[i])
		}
	}
	if len(s.Query) > 0 {
		b.WriteString("?" + strings.Join(s.Query, "&"))
	}
	return b.String()
}

// Equal reports whether two scopes are the same.
func (s Scope) Equal(o Scope) bool { return s.Actions == o.Actions && s.like(o) }

// like is Equal but for the actions.
func (s Scope) like(o Scope) bool {
	return s.Level == o.Level && s.Resource == o.Resource && slices.Equal(s.Query, o.Query)
}
