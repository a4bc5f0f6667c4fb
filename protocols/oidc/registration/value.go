package registration

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// Bounds of what a client says.
const (
	maxText = 2048 // bytes of one string
	maxList = 50   // strings of one member
	maxName = 100  // characters of client_name
)

// value is one member that is there.
type value struct {
	members jose.Claims
	name    string
}

func (v value) refuse(format string, args ...any) *Refusal {
	r := refuse(InvalidMetadata, format, args...)
	r.Detail = v.name + " " + r.Detail
	return r
}

func (v value) text() (string, *Refusal) {
	text, err := v.members.Text(v.name)
	if err != nil || len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
		return "", v.refuse("must be a string of at most %d bytes, without control characters.", maxText)
	}
	return text, nil
}

func (v value) texts() ([]string, *Refusal) {
	bad := v.refuse("must be an array of 1 to %d strings, of at most %d bytes each, without control characters.", maxList, maxText)
	raw := v.members.Raw(v.name)
	all, err := v.members.Texts(v.name)
	if err != nil || raw[0] != '[' || len(all) > maxList {
		return nil, bad
	}
	for _, text := range all {
		if text == "" || len(text) > maxText || strings.ContainsFunc(text, unicode.IsControl) {
			return nil, bad
		}
	}
	return all, nil
}

func (v value) flag() (bool, *Refusal) {
	is, err := v.members.Bool(v.name)
	if err != nil {
		return false, v.refuse("must be true or false.")
	}
	return is, nil
}

// of reads a string that must be one of those offered.
func (v value) of(offered []string) (string, *Refusal) {
	text, why := v.text()
	if why != nil {
		return "", why
	}
	if !slices.Contains(offered, text) {
		if len(offered) == 0 {
			return "", v.refuse("is not offered by this hub.")
		}
		return "", v.refuse("must be one of %s.", strings.Join(offered, ", "))
	}
	return text, nil
}

// address takes a URL that people, or the hub, may be sent to.
func address(field func(*trust.Document) *string) func(Offer, value, *trust.Document) *Refusal {
	return func(o Offer, v value, d *trust.Document) *Refusal {
		text, why := v.text()
		if why != nil {
			return why
		}
		if trust.CheckAddress(text, o.Lab) != nil {
			return v.refuse("must be an https URL with a host, and without user and fragment.")
		}
		*field(d) = text
		return nil
	}
}

// texts takes a list of strings.
func texts(field func(*trust.Document) *[]string) func(Offer, value, *trust.Document) *Refusal {
	return func(_ Offer, v value, d *trust.Document) *Refusal {
		all, why := v.texts()
		*field(d) = all
		return why
	}
}

// takeFlag reads a member that must be true or false, and is so anyway.
func takeFlag(_ Offer, v value, _ *trust.Document) *Refusal {
	_, why := v.flag()
	return why
}

// takeName takes what clinicians will read. Nothing in it may change how the words around it are read.
func takeName(_ Offer, v value, d *trust.Document) *Refusal {
	text, why := v.text()
	if why != nil {
		return why
	}
	text = strings.TrimSpace(text)
	if text == "" || utf8.RuneCountInString(text) > maxName || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) || unicode.Is(unicode.Co, r) }) {
		return v.refuse("must be 1 to %d characters that can be seen.", maxName)
	}
	d.Name = text
	return nil
}
