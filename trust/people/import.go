package people

import (
	"errors"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Limits of an import.
const (
	ImportBytes   = 64 << 20
	ImportPersons = 100_000
	importText    = 1024 // bytes of one value
	importErrors  = 1000 // reported at once
)

// ErrImport is wrapped by every error of a document that cannot be imported.
var ErrImport = errors.New("people: cannot import")

// Import is a document of the Registration Authority, complete and valid. Of an authenticator it says all but
// ID and Added, which are the hub's to choose when it is registered.
//
// Dates are days, YYYY-MM-DD, in UTC. What opens on a day is open from its first instant. What closes on a day
// is still open on that day: RoleProfile.Closes and Organisation.Closes are the midnight after it.
type Import struct {
	Persons        []Person
	Authenticators []Authenticator
}

// gathering is an import in the making, with every fault found so far.
type gathering struct {
	Import
	strict
	lines   []int          // where each person began
	persons map[string]int // uid to place in Persons
	cards   map[string]int // handle to place in Authenticators
}

func newGathering() *gathering {
	return &gathering{persons: map[string]int{}, cards: map[string]int{}}
}

// finish checks every person against the rules of the record and returns the import, or all faults.
func (g *gathering) finish() (Import, error) {
	for i, p := range g.Persons {
		if err := p.Validate(); err != nil {
			g.fail(g.lines[i], "%s", strings.ReplaceAll(err.Error(), "\n", "; "))
		}
		for _, o := range p.Orgs {
			if !digits(o.PersonOrgID, 12) || o.Code == "" {
				g.fail(g.lines[i], "person %s: organisation %q needs a person_orgid of twelve digits and a code", p.UID, o.Code)
			}
			if !o.Opens.IsZero() && !o.Closes.IsZero() && !o.Opens.Before(o.Closes) {
				g.fail(g.lines[i], "person %s: organisation %s closes before it opens", p.UID, o.Code)
			}
		}
	}
	if err := g.faults(); err != nil {
		return Import{}, err
	}
	return g.Import, nil
}

// card adds a card. The same card of the same person may be named again, as a CSV repeats it with every role.
func (g *gathering) card(line int, a Authenticator) {
	if a.Handle == "" {
		return
	}
	a.Kind = Smartcard
	at, known := g.cards[a.Handle]
	switch {
	case !known:
		g.cards[a.Handle] = len(g.Authenticators)
		g.Authenticators = append(g.Authenticators, a)
	case g.Authenticators[at].UID != a.UID:
		g.fail(line, "card %s is already that of %s", a.Handle, g.Authenticators[at].UID)
	case g.Authenticators[at].Label != a.Label:
		g.fail(line, "card %s has two labels", a.Handle)
	}
}

// day parses a date; the zero time for none.
func (g *gathering) day(line int, what, s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 {
		g.fail(line, "%s %q is not a date of the form 2026-04-01", what, s)
		return time.Time{}
	}
	return t
}

// lastDay parses the last open day and returns its end.
func (g *gathering) lastDay(line int, what, s string) time.Time {
	t := g.day(line, what, s)
	if t.IsZero() {
		return t
	}
	return t.AddDate(0, 0, 1)
}

func (g *gathering) identity(line int, s string) IdentityLevel {
	if s == "" {
		return 0
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 3 {
		g.fail(line, "identity %q is not 0 to 3", s)
		return 0
	}
	return IdentityLevel(n)
}

// status is active unless said otherwise.
func (g *gathering) status(line int, s string) Status {
	switch s {
	case "", string(Active):
		return Active
	case string(Suspended):
		return Suspended
	}
	g.fail(line, "status %q is neither active nor suspended", s)
	return Suspended
}

// handle names a card by its issuer's key identifier and serial number, both hexadecimal, colons allowed.
func (g *gathering) handle(line int, issuer, serial string) string {
	issuer, serial = hexDigits(issuer), hexDigits(serial)
	id, ok := new(big.Int).SetString(serial, 16)
	key, good := decodeHex(issuer)
	if !ok || !good || id.Sign() <= 0 || len(serial) > 40 || len(key) < 8 || len(key) > 64 {
		g.fail(line, "card needs issuer_key_id and serial, both hexadecimal")
		return ""
	}
	return CardHandle(key, id)
}

func (g *gathering) tooMany(line int) bool {
	if len(g.Persons) < ImportPersons {
		return false
	}
	g.fail(line, "more than %d persons", ImportPersons)
	return true
}

// professionalName accepts claim names like gmc_id.
func professionalName(s string) bool {
	return len(s) <= 40 && s != "" && s[0] >= 'a' && s[0] <= 'z' && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}
