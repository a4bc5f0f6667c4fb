package xmlsec

import "strings"

const (
	soapSpace = "http://schemas.xmlsoap.org/soap/envelope/"
	soapNext  = "http://schemas.xmlsoap.org/soap/actor/next" // whoever receives it, us among them
)

// lineGoesOn is the one text that may stand in an Envelope, outside of its Body, once: SimpleSAMLphp 1 and 2 write it there, for what was meant
// as a line that goes on. No signature covers it, and nothing is read from there.
const lineGoesOn = `\`

// Claim is what an unverified message says of itself. It serves to choose the keys to verify with, and nothing else.
type Claim struct {
	Issuer string // exact text of saml:Issuer, the root's first child; empty if it is not there
	Signed bool   // the root has a ds:Signature child
}

// ReadClaim lets a message through the gate and returns its claim. Nothing is verified.
func ReadClaim[T Octets](doc T, l Limits) (Claim, error) {
	s, err := gate(doc, l)
	if err != nil {
		return Claim{}, err
	}
	var seen claimant
	sc := scanner{s: s, l: l, claim: &seen}
	if err := sc.run(); err != nil {
		return Claim{}, err
	}
	c := Claim{Signed: seen.signed}
	if sc.root != nil {
		c.Issuer = sc.root.Text()
	}
	return c, nil
}

// claimant has the scanner build nothing but the Issuer.
type claimant struct {
	children int // of the root
	signed   bool
}

func (c *claimant) saw(sc *scanner, t *tag) {
	if len(sc.open) != 1 {
		return
	}
	if sc.build = c.children == 0 && t.space == samlSpace && t.local == "Issuer"; sc.build {
		sc.arena = newArena(sc.s, amounts{elements: 1})
	}
	c.signed = c.signed || t.space == dsigSpace && t.local == "Signature"
	c.children++
}

// SOAPBody lets a SOAP 1.1 envelope through the gate and returns the one element of its Body as a document of its own, still
// unverified (SAML Bindings 3.2). Header blocks are passed over, but one that is for us and must be understood is refused: none
// is known here (SOAP 1.1, 4.2.3).
func SOAPBody(doc []byte, l Limits) ([]byte, error) {
	root, err := parse(doc, l)
	if err != nil {
		return nil, err
	}
	switch {
	case root.Local == "Envelope" && root.Space != soapSpace:
		return nil, fail(CodeSOAPVersion, "not a SOAP 1.1 envelope")
	case !root.Is(soapSpace, "Envelope"):
		return nil, fail(CodeSyntax, "not a SOAP 1.1 envelope")
	}
	for _, header := range root.All(soapSpace, "Header") {
		for _, block := range header.Children {
			if mustUnderstand(block) {
				return nil, fail(CodeMustUnderstand, "a header block that must be understood")
			}
		}
	}
	bodies := root.All(soapSpace, "Body")
	if len(bodies) != 1 || len(bodies[0].Children) != 1 {
		return nil, fail(CodeSyntax, "not one Body with one element")
	}
	if !allSpace(strings.Replace(root.Text(), lineGoesOn, "", 1)) || !allSpace(bodies[0].Text()) {
		return nil, fail(CodeSyntax, "text beside the message of an envelope")
	}
	return bodies[0].Children[0].Raw(), nil
}

// mustUnderstand reports whether a header block is for us, the last to receive it, and obliges us. Whatever is not plainly no is yes.
func mustUnderstand(block *Element) bool {
	must, _ := block.AttrNS(soapSpace, "mustUnderstand")
	actor, _ := block.AttrNS(soapSpace, "actor")
	switch strings.Trim(must, " \t\r\n") {
	case "", "0", "false":
		return false
	}
	return actor == "" || actor == soapNext
}
