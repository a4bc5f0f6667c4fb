package mutate

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Mutant is a hostile document, query, form or envelope.
type Mutant struct {
	Family string // wrap, duplicate, resign, encode, limits, edit, query, soap
	Name   string
	Body   []byte
}

func (m Mutant) String() string { return m.Family + "/" + m.Name }

// Bounds are the largest values that the verifier accepts, as numbers of things and of bytes.
type Bounds struct{ Bytes, Depth, Elements, Attributes, Value, Text, Namespaces int }

// Document is a correctly signed document and what its attacker has.
type Document struct {
	XML       []byte        // in exclusive canonical form, with one ds:Signature on its root
	Key       crypto.Signer // made the signature
	Other     crypto.Signer // the attacker's own, not registered for the signer
	Weak      crypto.Signer // registered for the signer, but too weak; may be nil
	Forge     []string      // pairs of old and new text: what the attacker would rather have believed
	Once      []string      // elements that may stand once in the root, such as "saml:Issuer"
	Exact     []string      // values that are compared exactly
	URIs      []string      // values that are too, but for white space around them
	Elsewhere string        // a URL that nobody may call
	Bounds    Bounds
	Markup    bool // comments and CDATA sections are allowed
}

var errDocument = errors.New("mutate: not a document of this kit")

// parts is a signed document, cut.
type parts struct {
	before, signature, after string
	id                       string // of the root
	idName                   string // of its attribute
	root                     string // its name as written
}

func (p parts) bare() string { return p.before + p.after }

func (p parts) whole() string { return p.before + p.signature + p.after }

// prefix is that of the root, with its colon.
func (p parts) prefix() string {
	if prefix, _, ok := strings.Cut(p.root, ":"); ok {
		return prefix + ":"
	}
	return ""
}

const (
	signatureOpen = "<ds:Signature xmlns:ds=\"" + dsig + "\">"
	signatureEnd  = "</ds:Signature>"
	dsig          = "http://www.w3.org/2000/09/xmldsig#"
)

func cut(doc string) (parts, error) {
	start, end := strings.Index(doc, signatureOpen), strings.Index(doc, signatureEnd)
	if start < 0 || end < 0 || len(doc) == 0 || doc[0] != '<' {
		return parts{}, fmt.Errorf("%w: no signature", errDocument)
	}
	end += len(signatureEnd)
	p := parts{before: doc[:start], signature: doc[start:end], after: doc[end:]}
	p.root = doc[1:strings.IndexAny(doc, " >")]
	_, uri, _ := strings.Cut(p.signature, ` URI="#`)
	p.id, _, _ = strings.Cut(uri, `"`)
	tag := doc[:strings.IndexByte(doc, '>')]
	at := strings.Index(tag, `="`+p.id+`"`)
	if p.id == "" || at < 0 {
		return parts{}, fmt.Errorf("%w: the root is not what is signed", errDocument)
	}
	p.idName = tag[strings.LastIndexByte(tag[:at], ' ')+1 : at]
	return p, nil
}

// list collects mutants, each body once.
type list struct {
	out  []Mutant
	seen map[string]bool
}

func newList(genuine string) *list { return &list{seen: map[string]bool{genuine: true}} }

func (l *list) add(family, name, body string) {
	if !l.seen[body] {
		l.seen[body] = true
		l.out = append(l.out, Mutant{family, name, []byte(body)})
	}
}

// Mutants are all of a document. Their order and names depend on the document alone.
func (d Document) Mutants() ([]Mutant, error) {
	p, err := cut(string(d.XML))
	if err != nil {
		return nil, err
	}
	for i := 0; i < len(d.Forge); i += 2 {
		if !strings.Contains(p.bare(), d.Forge[i]) {
			return nil, fmt.Errorf("%w: nothing to forge: %s", errDocument, d.Forge[i])
		}
	}
	l := newList(string(d.XML))
	d.wrap(l, p)
	d.identify(l, p)
	if err := d.duplicate(l, p); err != nil {
		return nil, err
	}
	if err := d.resign(l, p); err != nil {
		return nil, err
	}
	for _, m := range d.encoded(p) {
		l.add("encode", m.Name, string(m.Body))
	}
	for _, m := range d.oversized(p) {
		l.add("limits", m.Name, string(m.Body))
	}
	if err := d.edit(l, p); err != nil {
		return nil, err
	}
	return l.out, nil
}

// forged is what the attacker would like to be believed, cut where its signature would stand.
func (d Document) forged(p parts) parts {
	f := p
	f.signature = ""
	if len(d.Forge) > 0 {
		r := strings.NewReplacer(d.Forge...)
		f.before, f.after = r.Replace(p.before), r.Replace(p.after)
	}
	return f
}

// otherIDs gives every element of a document another ID.
func otherIDs(s string) string {
	for _, name := range []string{" ID=\"", " AssertionID=\"", " ResponseID=\""} {
		s = strings.ReplaceAll(s, name, name+"evil")
	}
	return s
}

func replaceOnce(s, old, with string) string { return strings.Replace(s, old, with, 1) }

// insert puts text into s.
func insert(s string, at int, text string) string { return s[:at] + text + s[at:] }

// Families lists the families of some mutants with how many there are of each.
func Families(mutants []Mutant) map[string]int {
	out := map[string]int{}
	for _, m := range mutants {
		out[m.Family]++
	}
	return out
}

// Find returns the mutant of that name.
func Find(mutants []Mutant, name string) (Mutant, bool) {
	i := slices.IndexFunc(mutants, func(m Mutant) bool { return m.String() == name })
	if i < 0 {
		return Mutant{}, false
	}
	return mutants[i], true
}
