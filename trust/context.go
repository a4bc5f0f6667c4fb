package trust

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// ContextClass says what a SAML authentication context class means here: of which sign-ins it may be stated.
type ContextClass struct {
	Class     string // class reference
	Assurance int    // least assurance of the sign-in; 0: any
	Identity  int    // least identity level of the person; 0: any
	Method    string // of the sign-in; empty: any
	Rank      int    // place in the order of minimum, maximum and better; 0: none, it can only be asked for exactly
	Foreign   bool   // nobody signs in here this way: it only has its place in the order
}

// ClassUnspecified says nothing of how somebody signed in (SAML Authentication Context 2.0).
const ClassUnspecified = "urn:oasis:names:tc:SAML:2.0:ac:classes:unspecified"

const (
	oasisClass = "urn:oasis:names:tc:SAML:2.0:ac:classes:"
	nistClass  = "http://idmanagement.gov/ns/assurance/"
	card       = "CIS2_SMARTCARD"
)

// DefaultContexts are the classes known without configuration, of equal ones the preferred first: SAML Authentication Context
// 2.0, REFEDS MFA and SFA, and the levels of NIST SP 800-63 as idmanagement.gov names them. Its older levels of assurance are
// pairs of authentication and identity.
func DefaultContexts() []ContextClass {
	foreign := func(rank int, classes ...string) []ContextClass {
		out := make([]ContextClass, len(classes))
		for i, c := range classes {
			out[i] = ContextClass{Class: c, Assurance: rank / 10, Rank: rank, Foreign: true}
		}
		return out
	}
	known := []ContextClass{
		{Class: oasisClass + "SmartcardPKI", Assurance: 3, Method: card, Rank: 30},
		{Class: nistClass + "aal/3", Assurance: 3, Rank: 30},
		{Class: oasisClass + "X509", Assurance: 3, Method: card, Rank: 30},
		{Class: oasisClass + "TLSClient", Assurance: 3, Method: card, Rank: 30},
		{Class: "https://refeds.org/profile/mfa", Assurance: 2, Rank: 20},
		{Class: nistClass + "aal/2", Assurance: 2, Rank: 20},
		{Class: oasisClass + "Smartcard", Assurance: 2, Method: card, Rank: 20},
		{Class: nistClass + "aal/1", Assurance: 1, Rank: 10},
		{Class: nistClass + "ial/1", Identity: 1}, {Class: nistClass + "ial/2", Identity: 2}, {Class: nistClass + "ial/3", Identity: 3},
		{Class: nistClass + "loa/1", Assurance: 1, Identity: 1}, {Class: nistClass + "loa/2", Assurance: 2, Identity: 2},
		{Class: nistClass + "loa/3", Assurance: 2, Identity: 2}, {Class: nistClass + "loa/4", Assurance: 3, Identity: 3},
	}
	return slices.Concat(known,
		foreign(20, oasisClass+"MobileTwoFactorContract", oasisClass+"MobileTwoFactorUnregistered", oasisClass+"TimeSyncToken", oasisClass+"SoftwarePKI"),
		foreign(10, oasisClass+"PasswordProtectedTransport", oasisClass+"Password", oasisClass+"Kerberos", oasisClass+"SecureRemotePassword",
			oasisClass+"MobileOneFactorContract", oasisClass+"MobileOneFactorUnregistered", "urn:federation:authentication:windows",
			"https://refeds.org/profile/sfa"),
	)
}

// FindContext finds a class by its reference.
func FindContext(table []ContextClass, class string) (ContextClass, bool) {
	for _, c := range table {
		if c.Class == class {
			return c, true
		}
	}
	return ContextClass{}, false
}

// IsContext reports whether a table has a class.
func IsContext(table []ContextClass, class string) bool {
	_, known := FindContext(table, class)
	return known
}

var contextWord = regexp.MustCompile(`^(?:AAL([1-3])|IAL([1-3])|rank=([0-9]{1,2})|(CIS2_SMARTCARD|FIDO2))$`)

// ParseContext reads one line of saml.contexts: a class reference and words behind it, in any order: AAL1 to AAL3, IAL1 to IAL3,
// a method, rank=N. Errors wrap ErrInvalid.
func ParseContext(line string) (ContextClass, error) {
	words := strings.Fields(line)
	if len(words) < 2 || len(words[0]) > 1024 {
		return ContextClass{}, fmt.Errorf("%w: context %q is not a class followed by AAL1 to AAL3 or IAL1 to IAL3, a method, rank=N", ErrInvalid, line)
	}
	c, seen := ContextClass{Class: words[0]}, [5]bool{}
	for _, word := range words[1:] {
		m := contextWord.FindStringSubmatch(word)
		if m == nil {
			return c, fmt.Errorf("%w: context %s: %q is not AAL1 to AAL3, IAL1 to IAL3, rank=N or a method (CIS2_SMARTCARD, FIDO2)", ErrInvalid, c.Class, word)
		}
		kind := slices.IndexFunc(m[1:], func(s string) bool { return s != "" }) + 1
		if seen[kind] {
			return c, fmt.Errorf("%w: context %s: %s is one too many", ErrInvalid, c.Class, word)
		}
		seen[kind] = true
		n, _ := strconv.Atoi(m[kind]) // digits, or the method, which needs no number
		switch kind {
		case 1:
			c.Assurance = n
		case 2:
			c.Identity = n
		case 3:
			c.Rank = n
		case 4:
			c.Method = word
		}
	}
	return c, c.check(seen[3])
}

// check keeps ranks in step with assurance: what ranks higher is never weaker. And it holds the classes whose meaning is not
// ours to decide: they can be made harder to meet, not easier.
func (c *ContextClass) check(ranked bool) error {
	switch {
	case c.Assurance == 0 && c.Identity == 0:
		return fmt.Errorf("%w: context %s needs AAL1 to AAL3 or IAL1 to IAL3", ErrInvalid, c.Class)
	case ranked && c.Rank/10 != c.Assurance, ranked && c.Rank == 0:
		return fmt.Errorf("%w: context %s: the rank must be %d to %d, as its assurance is", ErrInvalid, c.Class, max(10*c.Assurance, 1), 10*c.Assurance+9)
	case c.Class == ClassUnspecified:
		return fmt.Errorf("%w: context %s means nothing, and no more", ErrInvalid, c.Class)
	}
	if !ranked {
		c.Rank = 10 * c.Assurance
	}
	known, _ := FindContext(DefaultContexts(), c.Class) // the zero class asks for nothing
	switch {
	case known.Foreign:
		return fmt.Errorf("%w: context %s: nobody signs in here that way; saml.state_context in the terms of one partner states it all the same", ErrInvalid, c.Class)
	case c.Assurance < known.Assurance, c.Identity < known.Identity, known.Method != "" && c.Method != known.Method:
		return fmt.Errorf("%w: context %s is a standard class that means more: it may be made stricter, not weaker", ErrInvalid, c.Class)
	}
	return nil
}

// MergeContexts reads lines of saml.contexts over a table: what has the same class is replaced. Errors wrap ErrInvalid.
func MergeContexts(table []ContextClass, lines []string) ([]ContextClass, error) {
	out := slices.Clone(table)
	for _, line := range lines {
		c, err := ParseContext(line)
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(out, func(k ContextClass) bool { return k.Class == c.Class }); at >= 0 {
			out[at] = c
		} else {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b ContextClass) int { return cmp.Compare(b.Rank, a.Rank) })
	return out, nil
}

// contexts compiles what the terms say of authentication context classes.
func (b *builder) contexts(t *SAMLTerms, d *SAMLDocument) {
	table := b.o.SAML.Contexts
	if table == nil {
		table = DefaultContexts()
	}
	if len(d.Contexts) > 0 || d.StateContext != "" { // else all partners share one table
		var err error
		if table, err = MergeContexts(table, d.Contexts); err != nil {
			b.fail("saml.contexts: %v", err)
			return
		}
	}
	if class := b.o.SAML.Emergency; class != "" && (d.DefaultContext == class || d.StateContext == class || IsContext(table, class)) {
		b.fail("saml: %s is the class of emergency access, and no other sign-in has it", class)
		return
	}
	t.Contexts, t.DefaultContext, t.RequestedOnly = table, d.DefaultContext, d.RequestedOnly
	if d.DefaultContext != "" && d.StateContext != "" {
		b.fail("saml.default_context and saml.state_context say two things; give one")
	}
	if c, known := FindContext(table, d.DefaultContext); d.DefaultContext != "" && d.DefaultContext != ClassUnspecified && (!known || c.Foreign) {
		b.fail("saml.default_context %q is not a class of a sign-in here", d.DefaultContext)
	}
	if d.StateContext == "" {
		return
	}
	at := slices.IndexFunc(table, func(c ContextClass) bool { return c.Class == d.StateContext })
	if at < 0 {
		b.fail("saml.state_context %q is not known; saml.contexts can say what it means", d.StateContext)
		return
	}
	table[at].Foreign = false // MergeContexts made a copy
	t.DefaultContext = d.StateContext
}
