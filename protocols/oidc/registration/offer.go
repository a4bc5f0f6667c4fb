package registration

import (
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/jose"
)

// Offer is what works at this hub. Nothing else is registered.
type Offer struct {
	Auth         []string // methods of client authentication
	AuthAlgs     []string // of client assertions
	Grants       []string
	Responses    []trust.ResponseType
	IDTokenAlgs  []string // those the hub has keys for
	UserinfoAlgs []string
	RequestAlgs  []string // of request objects; none: they are not taken
	ResponseAlgs []string // of answers by JWT; none: there are none
	Bind         []string // trust.BindDPoP, trust.BindMTLS
	Pushed       bool     // authorization requests can be pushed
	Lab          bool     // http and *.localhost are addresses too
}

// Said is what a client said of itself.
type Said struct{ members jose.Claims }

// Read reads the JSON of a request. It keeps body.
func Read(body []byte) (Said, error) {
	members, err := jose.ReadClaims(body)
	if err != nil {
		return Said{}, refuse(InvalidMetadata, "The body must be one JSON object with the client's metadata, no name in it twice (RFC 7591, section 3.1).")
	}
	return Said{members}, nil
}

// Text is a member that is a string; empty if it is none.
func (s Said) Text(name string) string {
	text, err := s.members.Text(name)
	if err != nil {
		return ""
	}
	return text
}

// Has reports whether a member is there and is not null or "".
func (s Said) Has(name string) bool {
	raw := string(s.members.Raw(name))
	return raw != "" && raw != "null" && raw != `""`
}

// Apply fills the client's own facts into d, which is a copy of what is permitted. The error is a *Refusal.
func (o Offer) Apply(s Said, d *trust.Document) error {
	for i := range members {
		m := &members[i]
		if !s.Has(m.name) {
			if m.missing != nil {
				m.missing(o, d)
			}
			continue
		}
		if m.take == nil {
			continue
		}
		if why := m.take(o, value{s.members, m.name}, d); why != nil {
			return why
		}
	}
	for _, check := range together {
		if why := check(s, d); why != nil {
			return why
		}
	}
	return nil
}

// Tell is what is registered, by the names of the standards.
func Tell(d trust.Document) map[string]any {
	out := map[string]any{"client_id": d.Partner}
	for i := range members {
		m := &members[i]
		if m.tell == nil {
			continue
		}
		if v := m.tell(d); v != nil {
			out[m.name] = v
		}
	}
	return out
}
