package mutate

import (
	"bytes"
	"compress/flate"
	"crypto"
	"fmt"
	"net/url"
	"strings"
)

// Detached is a message that is signed from outside: as a query (SAML Bindings 3.4.4.1) or as a form (HTTP-POST-SimpleSign).
type Detached struct {
	Field     string        // SAMLRequest or SAMLResponse
	XML       []byte        // without a signature, its first child being the Issuer, without Extensions
	Relay     string        // RelayState; not empty
	Key       crypto.Signer // signs
	Other     crypto.Signer // the attacker's own
	Second    []byte        // another message of the same sender
	Forge     []string      // as in Document
	Exact     []string      // as in Document
	URIs      []string      // as in Document
	Elsewhere string        // as in Document
	Bounds    Bounds
}

// parameter is one name=value, the value as sent and as meant.
type parameter struct{ name, raw string }

func meant(name, value string) parameter { return parameter{name, url.QueryEscape(value)} }

type parameters []parameter

func (ps parameters) String() string {
	out := make([]string, len(ps))
	for i, p := range ps {
		out[i] = p.name + "=" + p.raw
	}
	return strings.Join(out, "&")
}

// with has p instead of what has its name.
func (ps parameters) with(p parameter) parameters {
	out := make(parameters, 0, len(ps))
	for _, q := range ps {
		if q.name == p.name {
			q = p
		}
		out = append(out, q)
	}
	return out
}

func (ps parameters) without(name string) parameters {
	out := make(parameters, 0, len(ps))
	for _, q := range ps {
		if q.name != name {
			out = append(out, q)
		}
	}
	return out
}

func (ps parameters) get(name string) string {
	for _, q := range ps {
		if q.name == name {
			return q.raw
		}
	}
	return ""
}

func join(a parameters, b ...parameter) parameters { return append(append(parameters{}, a...), b...) }

// binding is how a detached message travels.
type binding struct {
	family string
	pack   func(xml []byte) string                                                       // the value of the message's field
	octets func(d Detached, xml []byte, relay *string, alg string, packed string) []byte // what is signed
}

func redirect() binding {
	return binding{"query", func(xml []byte) string { return b64(deflated(xml)) }, func(d Detached, _ []byte, relay *string, alg, packed string) []byte {
		ps := parameters{meant(d.Field, packed)}
		if relay != nil {
			ps = append(ps, meant("RelayState", *relay))
		}
		return []byte(append(ps, meant("SigAlg", alg)).String())
	}}
}

func simpleSign() binding {
	return binding{"form", b64, func(d Detached, xml []byte, relay *string, alg, _ string) []byte {
		s := d.Field + "=" + string(xml)
		if relay != nil {
			s += "&RelayState=" + *relay
		}
		return []byte(s + "&SigAlg=" + alg)
	}}
}

func deflated(xml []byte) []byte {
	var out bytes.Buffer
	z, err := flate.NewWriter(&out, flate.BestCompression)
	if err != nil {
		return nil
	}
	_, err1 := z.Write(xml)
	if err2 := z.Close(); err1 != nil || err2 != nil {
		return nil // a buffer takes everything
	}
	return out.Bytes()
}

// made is xml as a signed query or form.
type made struct {
	xml    []byte
	packed string // empty: as the binding packs it
	relay  *string
	alg    string // empty: what the key signs with
	sign   signer // nil: by the sender's key
}

func (d Detached) make(b binding, m made) (parameters, error) {
	if m.packed == "" {
		m.packed = b.pack(m.xml)
	}
	if m.alg == "" {
		m.alg = usual(d.Key)
	}
	if m.sign == nil {
		m.sign = by(d.Key)
	}
	v, err := m.sign(b.octets(d, m.xml, m.relay, m.alg, m.packed))
	if err != nil {
		return nil, err
	}
	ps := parameters{meant(d.Field, m.packed)}
	if m.relay != nil {
		ps = append(ps, meant("RelayState", *m.relay))
	}
	return append(ps, meant("SigAlg", m.alg), meant("Signature", b64(v))), nil
}

// Query is the good query of HTTP-Redirect.
func (d Detached) Query() (string, error) { return d.good(redirect()) }

// Form is the good body of HTTP-POST-SimpleSign.
func (d Detached) Form() (string, error) { return d.good(simpleSign()) }

func (d Detached) good(b binding) (string, error) {
	ps, err := d.make(b, made{xml: d.XML, relay: &d.Relay})
	return ps.String(), err
}

// QueryMutants are those of the query.
func (d Detached) QueryMutants() ([]Mutant, error) { return d.mutants(redirect()) }

// FormMutants are those of the form.
func (d Detached) FormMutants() ([]Mutant, error) { return d.mutants(simpleSign()) }

func (d Detached) mutants(b binding) ([]Mutant, error) {
	good, err := d.make(b, made{xml: d.XML, relay: &d.Relay})
	if err != nil {
		return nil, err
	}
	second, err := d.make(b, made{xml: d.Second, relay: &d.Relay})
	if err != nil {
		return nil, err
	}
	l := newList(good.String())
	d.repeated(l, b, good, second)
	d.renamed(l, b, good)
	d.swapped(l, b, good, second)
	for _, f := range []func(*list, binding, parameters) error{d.signedWrongly, d.octetsOtherwise, d.packedOtherwise, d.gated, d.contents} {
		if err := f(l, b, good); err != nil {
			return nil, err
		}
	}
	if b.family == "query" {
		d.escaped(l, good)
	}
	return l.out, nil
}

// forged is what the attacker would like to be believed.
func (d Detached) forged() []byte {
	return []byte(strings.NewReplacer(d.Forge...).Replace(string(d.XML)))
}

// host is the message with empty Extensions, and where in them something can be put.
func (d Detached) host() (string, []slot) {
	doc := string(d.XML)
	root := doc[1:strings.IndexAny(doc, " >")]
	prefix, _, _ := strings.Cut(root, ":")
	at := strings.Index(doc, "Issuer>") // its end tag: the start tag has attributes
	if at < 0 {
		return doc, nil
	}
	at += len("Issuer>")
	open := "<" + prefix + ":Extensions>"
	return insert(doc, at, open+"</"+prefix+":Extensions>"), []slot{{"Extensions", at + len(open)}}
}

func quoted(s string) string { return fmt.Sprintf("%q", s) }
