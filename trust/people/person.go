package people

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Sentinels of this room. Stores return exactly these for a missing or a clashing record.
var (
	ErrNotFound = errors.New("people: not found")
	ErrConflict = errors.New("people: conflicts with a registered record")
	ErrInvalid  = errors.New("people: invalid record")
)

// Status of a person. A suspended person cannot sign in and nothing is issued for them.
type Status string

// The two states of a person.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
)

// IdentityLevel says how well a person was proofed, 0 to 3 (IAL0 to IAL3).
type IdentityLevel int

// MaxIdentity is the highest level.
const MaxIdentity IdentityLevel = 3

// Person is one clinician as registered. Values are copied in and out of stores; nobody shares one.
type Person struct {
	UID         string // twelve digits, the national user id
	Status      Status
	Name        string // display name, e.g. "Dr Asha Patel"
	Title       string
	GivenName   string
	MiddleNames string
	Initials    string
	FamilyName  string
	Email       string
	Identity    IdentityLevel
	// Professional holds registration numbers by their CIS2 claim name: gmc_id, nmc_id, gphc_id, ...
	Professional map[string]string
	Orgs         []Organisation
	Roles        []RoleProfile
}

// Organisation is one employment or association of a person.
type Organisation struct {
	PersonOrgID string // twelve digits
	Code        string // ODS code
	Name        string
	Opens       time.Time
	Closes      time.Time
}

// Coded is a code with its printed name (activity, work group, area of work).
type Coded struct {
	Code string
	Name string
}

// RoleProfile is one registered job role at one organisation, with dates.
type RoleProfile struct {
	ID          string // twelve digits, the role profile id (URPID)
	PersonOrgID string
	OrgCode     string // ODS code
	OrgName     string
	Code        string // S8000:G8000:R8001
	Name        string // "Clinical":"Clinical Provision":"Nurse Access Role", quotes are part of it
	Activities  []Coded
	Workgroups  []Coded
	AreasOfWork []Coded
	Opens       time.Time // inclusive; zero: no opening date
	Closes      time.Time // exclusive; zero: no closing date
}

// OpenAt reports whether the role profile may be used at t.
func (r RoleProfile) OpenAt(t time.Time) bool {
	return openAt(r.Opens, r.Closes, t)
}

// OpenAt reports whether the association holds at t.
func (o Organisation) OpenAt(t time.Time) bool {
	return openAt(o.Opens, o.Closes, t)
}

func openAt(opens, closes, t time.Time) bool {
	if !opens.IsZero() && t.Before(opens) {
		return false
	}
	return closes.IsZero() || t.Before(closes)
}

// Clone copies all that a caller could change.
func (p Person) Clone() Person {
	p.Professional = maps.Clone(p.Professional)
	p.Orgs = slices.Clone(p.Orgs)
	p.Roles = slices.Clone(p.Roles)
	for i, r := range p.Roles {
		p.Roles[i].Activities = slices.Clone(r.Activities)
		p.Roles[i].Workgroups = slices.Clone(r.Workgroups)
		p.Roles[i].AreasOfWork = slices.Clone(r.AreasOfWork)
	}
	return p
}

// JobRole is the last part of the role code, e.g. "R8001".
func (r RoleProfile) JobRole() string {
	return r.Code[strings.LastIndexByte(r.Code, ':')+1:]
}

// JobRoleName is the last quoted part of the role's name, without quotes, e.g. "Nurse Access Role".
func (r RoleProfile) JobRoleName() string {
	parts := strings.Split(r.Name, ":")
	return strings.Trim(parts[len(parts)-1], `"`)
}

// OpenRoles lists the role profiles that may be used at t: the profile is open, and so is the
// person's association with its organisation where one is recorded.
func (p Person) OpenRoles(t time.Time) []RoleProfile {
	var open []RoleProfile
	for _, r := range p.Roles {
		if r.OpenAt(t) && p.orgOpen(r, t) {
			open = append(open, r)
		}
	}
	return open
}

func (p Person) orgOpen(r RoleProfile, t time.Time) bool {
	for _, o := range p.Orgs {
		if o.PersonOrgID == r.PersonOrgID {
			return o.OpenAt(t)
		}
	}
	return true
}

// OpenRole finds the role profile with the given id if it may be used at t.
func (p Person) OpenRole(id string, t time.Time) (RoleProfile, bool) {
	for _, r := range p.OpenRoles(t) {
		if r.ID == id {
			return r, true
		}
	}
	return RoleProfile{}, false
}

// Validate reports every rule the record breaks, joined; nil if none. All errors wrap ErrInvalid.
func (p Person) Validate() error {
	var errs []error
	fail := func(format string, args ...any) {
		errs = append(errs, fmt.Errorf("%w: person %s: %s", ErrInvalid, p.UID, fmt.Sprintf(format, args...)))
	}
	if !digits(p.UID, 12) {
		fail("uid must be twelve digits")
	}
	if strings.TrimSpace(p.Name) == "" {
		fail("name is missing")
	}
	if p.Identity < 0 || p.Identity > 3 {
		fail("identity level %d is not 0 to 3", p.Identity)
	}
	if p.Status != Active && p.Status != Suspended {
		fail("status %q is neither active nor suspended", p.Status)
	}
	seen := map[string]bool{}
	for _, r := range p.Roles {
		if err := r.validate(); err != "" {
			fail("role %s: %s", r.ID, err)
		}
		if seen[r.ID] {
			fail("role %s is listed twice", r.ID)
		}
		seen[r.ID] = true
	}
	return errors.Join(errs...)
}

func (r RoleProfile) validate() string {
	switch {
	case !digits(r.ID, 12):
		return "id must be twelve digits"
	case r.OrgCode == "":
		return "organisation code is missing"
	case !roleCode(r.Code):
		return fmt.Sprintf("code %q is not of the form S8000:G8000:R8001", r.Code)
	case !roleName(r.Name):
		return fmt.Sprintf("name %s is not three quoted parts joined by colons", r.Name)
	case !r.Opens.IsZero() && !r.Closes.IsZero() && !r.Opens.Before(r.Closes):
		return "closes before it opens"
	}
	return ""
}

func digits(s string, n int) bool {
	if len(s) != n {
		return false
	}
	return strings.Trim(s, "0123456789") == ""
}

func roleCode(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return false
	}
	for i, prefix := range []string{"S", "G", "R"} {
		if !strings.HasPrefix(parts[i], prefix) || !digits(parts[i][1:], len(parts[i])-1) || len(parts[i]) < 5 {
			return false
		}
	}
	return true
}

func roleName(s string) bool {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return false
	}
	for _, p := range parts {
		if len(p) < 3 || p[0] != '"' || p[len(p)-1] != '"' || strings.Contains(p[1:len(p)-1], `"`) {
			return false
		}
	}
	return true
}
