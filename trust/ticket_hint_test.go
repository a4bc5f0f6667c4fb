package trust

import (
	"net/netip"
	"strings"
	"testing"
)

func TestHintsOfNetworks(t *testing.T) {
	for name, c := range map[string]struct {
		terms TicketTerms
		want  bool
	}{
		"its own":                      {TicketTerms{Networks: prefixes("10.1.0.0/16")}, false},
		"all of version 4":             {TicketTerms{Networks: prefixes("10.1.0.0/16", "0.0.0.0/0")}, true},
		"all of version 6":             {TicketTerms{Networks: prefixes("::/0")}, true},
		"everywhere, by a certificate": {TicketTerms{Networks: prefixes("0.0.0.0/0"), CertificateHash: []byte{1}}, false},
	} {
		got := Partner{Ticket: &c.terms}.Hints()
		if (len(got) == 1 && strings.Contains(got[0], "every address")) != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestMistakenFor(t *testing.T) {
	system := func(id string, hash []byte, networks ...string) Partner {
		return Partner{ID: id, Stage: Live, Ticket: &TicketTerms{Networks: prefixes(networks...), CertificateHash: hash}}
	}
	one, other := []byte{1}, []byte{2}
	suspended := system("b", nil, "10.0.0.0/8")
	suspended.Stage = SuspendedAt
	for name, c := range map[string]struct {
		a, b Partner
		want bool
	}{
		"apart":                                {system("a", nil, "10.1.0.0/16"), system("b", nil, "10.2.0.0/16", "10.3.0.0/16"), false},
		"one inside the other":                 {system("a", nil, "10.1.0.0/16"), system("b", nil, "10.2.0.0/16", "10.1.4.0/24"), true},
		"the same system":                      {system("a", nil, "10.1.0.0/16"), system("a", nil, "10.1.0.0/16"), false},
		"different certificates":               {system("a", one, "10.1.0.0/16"), system("b", other, "10.1.0.0/16"), false},
		"the same certificate":                 {system("a", one), system("b", one), true},
		"one certificate, one network":         {system("a", one, "10.1.0.0/16"), system("b", nil, "10.1.0.0/16"), true},
		"one certificate, one other network":   {system("a", one, "10.1.0.0/16"), system("b", nil, "10.2.0.0/16"), false},
		"a certificate from anywhere, network": {system("a", one), system("b", nil, "10.2.0.0/16"), true},
		"not answered":                         {system("a", nil, "10.1.0.0/16"), suspended, false},
		"no legacy system":                     {system("a", nil, "10.1.0.0/16"), Partner{ID: "b", Stage: Live}, false},
	} {
		if c.a.MistakenFor(c.b) != c.want || c.b.MistakenFor(c.a) != c.want {
			t.Errorf("%s: not %t", name, c.want)
		}
	}
}

func prefixes(networks ...string) []netip.Prefix {
	var out []netip.Prefix
	for _, n := range networks {
		out = append(out, netip.MustParsePrefix(n))
	}
	return out
}
