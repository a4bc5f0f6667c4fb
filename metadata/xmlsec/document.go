package xmlsec

// signedDocument is what one pass over a document leaves for its verification.
type signedDocument struct {
	doc       string
	id        string        // ID of the root element
	idName    string        // its attribute
	signature *Element      // ds:Signature below the root; what is in SignedInfo is not built, nor what is deeper in it than a child's child
	at        int           // its place among the children of the root
	issuer    int           // place of saml:Issuer among the first two children of the root; -1 if it is neither
	children  int           // of the root
	count     int           // elements called Signature, wherever they are
	canon     canonicalizer // of all but the signature
	info      canonicalizer // of SignedInfo
}

// usualInfo is how long a SignedInfo usually is, in bytes.
const usualInfo = 700

// readSigned lets doc through the gate, writes its canonical form without the signature, and that of SignedInfo.
func readSigned[T Octets](doc T, l Limits) (*signedDocument, error) {
	s, err := gate(doc, l)
	if err != nil {
		return nil, err
	}
	return readAs(s, ExclusiveC14N, nil, l)
}

// readAs is readSigned of what passed checkCharacters. The canonical form is that of the URI; the prefixes in inclusive are treated
// by the exclusive one as by the others ("" is the default namespace).
func readAs(s, uri string, inclusive []string, l Limits) (*signedDocument, error) {
	d := &signedDocument{doc: s, issuer: -1, canon: newCanonicalizer(s, 0, len(s), l)}
	d.canon.inclusive, d.canon.inclusiveForm = inclusive, uri != ExclusiveC14N
	sc := scanner{s: s, l: l, canon: &d.canon, watch: d}
	if err := sc.run(); err != nil {
		return nil, err
	}
	d.signature = sc.root
	return d, nil
}

// saw looks at every start tag. A Signature counts by its local name, whatever its namespace: no schema of the field has another,
// and reading one in a wrong namespace is how parsers come to differ.
func (d *signedDocument) saw(sc *scanner, t *tag) error {
	if t.local == "Signature" {
		if inner := sc.l.holder && len(sc.open) > 1 && !d.inside(sc); !inner {
			d.count++
		}
		if d.count > 1 {
			return fail(CodeProfile, "more than one signature")
		}
	}
	switch len(sc.open) {
	case 0:
		for _, a := range t.attrs {
			if a.Space == "" && (a.Local == "ID" || sc.l.saml11 && a.Local == t.local+"ID") {
				d.id, d.idName = a.Value, a.Local
			}
		}
	case 1:
		if d.children < 2 && d.issuer < 0 && t.space == samlSpace && t.local == "Issuer" {
			d.issuer = d.children
		}
		if sc.build = t.space == dsigSpace && t.local == "Signature"; sc.build {
			sc.canon, sc.arena = nil, newArena(sc.s, amounts{elements: 6})
			d.at = d.children
		}
		d.children++
	case 2:
		if sc.build = d.inside(sc); sc.build && t.space == dsigSpace && t.local == "SignedInfo" {
			d.info = newCanonicalizer(sc.s, t.start, min(t.start+usualInfo, len(sc.s)), sc.l)
			sc.canon = &d.info
		}
	case 3:
		sc.build = sc.canon == nil // in the signature, but not in SignedInfo
	default:
		sc.build = false
	}
	return nil
}

// left goes back, at the end of the signature or of what is in it, to what is written outside.
func (d *signedDocument) left(sc *scanner) {
	switch {
	case !d.inside(sc):
	case len(sc.open) == 1:
		sc.canon = &d.canon
	case len(sc.open) == 2:
		sc.canon = nil
	}
}

// inside reports whether what is being read is in the signature.
func (d *signedDocument) inside(sc *scanner) bool { return sc.canon != &d.canon }

// signatures counts the elements that are called Signature, as signedDocument does.
func (l Limits) signatures(root *Element) int {
	n := countSignatures(root)
	if l.holder {
		for _, c := range root.Children {
			for _, inner := range c.Children {
				n -= countSignatures(inner)
			}
		}
	}
	return n
}

// countSignatures counts those at or below e.
func countSignatures(e *Element) int {
	n := 0
	if e.Local == "Signature" {
		n++
	}
	for _, c := range e.Children {
		n += countSignatures(c)
	}
	return n
}
