package xmlsec

const soapSpace = "http://schemas.xmlsoap.org/soap/envelope/"

// Claim is what an unverified message says of itself. It serves to choose the keys to verify with, and nothing else.
type Claim struct {
	Issuer string // exact text of saml:Issuer, the root's first child; empty if it is not there
	Signed bool   // the root has a ds:Signature child
}

// ReadClaim lets a message through the gate and returns its claim. Nothing is verified.
func ReadClaim(doc []byte, l Limits) (Claim, error) {
	root, err := parse(doc, l)
	if err != nil {
		return Claim{}, err
	}
	c := Claim{Signed: root.childIndex(dsigSpace, "Signature") >= 0}
	if len(root.Children) > 0 && root.Children[0].Is(samlSpace, "Issuer") {
		c.Issuer = root.Children[0].Text()
	}
	return c, nil
}

// SOAPBody lets a SOAP 1.1 envelope through the gate and returns the one element of its Body as a document of its own, still
// unverified (SAML Bindings 3.2). Header blocks are passed over.
func SOAPBody(doc []byte, l Limits) ([]byte, error) {
	root, err := parse(doc, l)
	if err != nil {
		return nil, err
	}
	if !root.Is(soapSpace, "Envelope") {
		return nil, fail(CodeSyntax, "not a SOAP 1.1 envelope")
	}
	bodies := root.All(soapSpace, "Body")
	if len(bodies) != 1 || len(bodies[0].Children) != 1 {
		return nil, fail(CodeSyntax, "not one Body with one element")
	}
	return bodies[0].Children[0].Raw(), nil
}
