package smartcard

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

var (
	pivLogin = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 2, 1, 3, 13}
	pivOther = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 2, 1, 3, 17}
)

// withPolicies makes a certificate name policies.
func withPolicies(oids ...asn1.ObjectIdentifier) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		for _, oid := range oids {
			parsed, err := x509.ParseOID(oid.String())
			if err != nil {
				panic(err)
			}
			c.Policies = append(c.Policies, parsed)
		}
	}
}

// TestSeveralAuthorities: each card is judged by the rules of the authority whose key issued it, and by no other's.
func TestSeveralAuthorities(t *testing.T) {
	local := newAuthority(t, nil, "Local", nil)
	rsaOnly := newAuthority(t, nil, "RSA only", nil)
	revoking := &sheet{revoked: map[string]bool{"77": true}, standing: bridge.StandingFresh}
	o := newOffice(t, func(o *office) {
		o.more = []Authority{
			{Name: "local", Roots: []*x509.Certificate{local.cert}, Revocation: revoking, Assurance: 2, EKU: []asn1.ObjectIdentifier{oidSmartcardLogon}},
			{Name: "rsa", Roots: []*x509.Certificate{rsaOnly.cert}, Revocation: o.sheet, Keys: []KeyKind{KeyRSA}},
		}
	})
	logon := func(c *x509.Certificate) {
		c.ExtKeyUsage, c.UnknownExtKeyUsage, c.SerialNumber = nil, []asn1.ObjectIdentifier{oidSmartcardLogon}, big.NewInt(79)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by, card  *authority
		code      string // empty: accepted
		authority string
		assurance bridge.Assurance
	}{
		"national":                 {o.issuer, newCard(t, o.issuer, nil), "", "national", 3},
		"national, P-384":          {o.issuer, newCardKey(t, o.issuer, p384, nil), "", "national", 3},
		"national, RSA":            {o.issuer, newCardKey(t, o.issuer, rsa2048(t), nil), "", "national", 3},
		"local":                    {local, newCard(t, local, logon), "", "local", 2},
		"local, usage of national": {local, newCard(t, local, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(79) }), "card_usage", "", 0},
		"local, revoked": {local, newCard(t, local, func(c *x509.Certificate) {
			logon(c)
			c.SerialNumber = big.NewInt(77)
		}), "card_revoked", "", 0},
		"RSA only":         {rsaOnly, newCardKey(t, rsaOnly, rsa2048(t), nil), "", "rsa", 3},
		"RSA only, EC":     {rsaOnly, newCard(t, rsaOnly, nil), "card_key", "", 0},
		"of nobody we ask": {o.issuer, newCard(t, newAuthority(t, nil, "Level 1D", nil), nil), "card_untrusted", "", 0},
	} {
		o.register(c.by, c.card, "555000000001")
		proof, err := o.accept(t, c.card)
		if c.code != "" {
			if got := bridge.AsRefusal(err).AuditCode(); err == nil || got != c.code {
				t.Errorf("%s: %v, want %s", name, err, c.code)
			}
			continue
		}
		if err != nil || proof.Evidence["authority"] != c.authority || proof.Assurance != c.assurance {
			t.Errorf("%s: %+v %v", name, proof, err)
		}
	}
}

// TestRevocationIsFinal: where two authorities hold the same issuer with different rules, the first whose rules a card keeps decides:
// a card that it revoked is not tried with the next.
func TestRevocationIsFinal(t *testing.T) {
	o := newOffice(t, func(o *office) {
		lax := o.authority
		lax.Name, lax.Revocation = "lax", revocation.Off{}
		o.more = []Authority{lax}
		o.sheet.revoked["77"] = true
	})
	card := newCard(t, o.issuer, nil)
	o.register(o.issuer, card, "555000000001")
	_, err := o.accept(t, card)
	refused(t, err, bridge.CredentialRevoked, "card_revoked")
}

// TestPolicies: a policy holds all the way down, or not at all.
func TestPolicies(t *testing.T) {
	root := newAuthority(t, nil, "Root", nil)
	for name, c := range map[string]struct {
		issuer, card func(*x509.Certificate)
		good         bool
	}{
		"both":                 {withPolicies(pivLogin), withPolicies(pivLogin), true},
		"among others":         {withPolicies(pivOther, pivLogin), withPolicies(pivLogin, pivOther), true},
		"any policy above":     {withPolicies(oidAnyPolicy), withPolicies(pivLogin), true},
		"card names none":      {withPolicies(pivLogin), nil, false},
		"card names another":   {withPolicies(pivLogin, pivOther), withPolicies(pivOther), false},
		"card names any":       {withPolicies(oidAnyPolicy), withPolicies(oidAnyPolicy), false},
		"issuer names none":    {nil, withPolicies(pivLogin), false},
		"issuer names another": {withPolicies(pivOther), withPolicies(pivLogin), false},
	} {
		issuer := newAuthority(t, root, "Issuer", c.issuer)
		o := newOffice(t, func(o *office) {
			o.authority.Roots, o.authority.Intermediates = []*x509.Certificate{root.cert}, []*x509.Certificate{issuer.cert}
			o.authority.Policies = []asn1.ObjectIdentifier{{1, 2, 3, 4}, pivLogin}
		})
		card := newCard(t, issuer, c.card)
		o.register(issuer, card, "555000000001")
		_, err := o.accept(t, card)
		if c.good && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.good && (err == nil || bridge.AsRefusal(err).AuditCode() != "card_policy") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestLayouts lists the certificates of cards as the field has them. FASC-N and other names are of no account.
func TestLayouts(t *testing.T) {
	fascN := pkix.Extension{Id: oidAltName, Value: []byte{
		0x30, 0x12, 0xa0, 0x10, 0x06, 0x08, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x06, 0x06, 0xa0, 0x04, 0x04, 0x02, 0xd6, 0x50,
	}}
	piv := func(c *x509.Certificate) {
		withPolicies(pivLogin)(c)
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidSmartcardLogon}
		c.ExtraExtensions = append(c.ExtraExtensions, fascN)
	}
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		code   string
	}{
		"PIV authentication": {piv, ""},
		"PIV card authentication, without a PIN": {func(c *x509.Certificate) {
			piv(c)
			c.UnknownExtKeyUsage = append(c.UnknownExtKeyUsage, oidCardAuth)
		}, "card_usage"},
		"PIV signature": {func(c *x509.Certificate) {
			c.KeyUsage |= x509.KeyUsageContentCommitment
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection}
		}, "card_usage"},
		"PIV key management":                                 {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "card_usage"},
		"two certificates, the one to sign in":               {nil, ""},
		"two certificates, the one for signatures of intent": {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, "card_usage"},
		"both uses in one":                                   {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }, "card_usage"},
		"any usage at all":                                   {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, "card_usage"},
	} {
		o := newOffice(t, func(o *office) { o.authority.ContentCommitment = false })
		card := newCard(t, o.issuer, c.change)
		o.register(o.issuer, card, "555000000001")
		_, err := o.accept(t, card)
		if c.code == "" && err != nil || c.code != "" && (err == nil || bridge.AsRefusal(err).AuditCode() != c.code) {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

// TestEmergencyOnly: past the ladder, a policy may leave a registered card one door.
func TestEmergencyOnly(t *testing.T) {
	o := newOffice(t, func(o *office) {
		o.sheet.standing, o.sheet.then, o.sheet.most = bridge.StandingUnknown, revocation.Emergency, 2
	})
	card := newCard(t, o.issuer, nil)
	o.register(o.issuer, card, "555000000001")
	proof, err := o.accept(t, card)
	refused(t, err, bridge.RevocationUnknown, bridge.CodeEmergencyOnly)
	if !proof.ForEmergency(err) || proof.UID != "555000000001" || proof.Standing != bridge.StandingUnknown || proof.Assurance > 2 || proof.Evidence["revocation_rung"] != "unknown" {
		t.Errorf("%+v", proof)
	}
	for _, a := range o.shelf.all {
		if !a.Used.IsZero() {
			t.Error("it counts as used")
		}
	}
	if a, err := o.cards.Inspect(t.Context(), []*x509.Certificate{card.cert}, start); err == nil {
		t.Errorf("it can be enrolled: %+v", a)
	}
	stranger := newCard(t, o.issuer, func(c *x509.Certificate) { c.SerialNumber = big.NewInt(78) })
	if proof, err = o.accept(t, stranger); proof.UID != "" || bridge.AsRefusal(err).Reason != bridge.CredentialUnknown {
		t.Errorf("a card of nobody: %+v %v", proof, err)
	}
	o.sheet.revoked["77"] = true
	if proof, err = o.accept(t, card); proof.UID != "" || bridge.AsRefusal(err).Reason != bridge.CredentialRevoked {
		t.Errorf("a revoked card: %+v %v", proof, err)
	}
	o.sheet.revoked = nil
	for h, a := range o.shelf.all {
		a.Revoked = start
		o.shelf.all[h] = a
	}
	if proof, err = o.accept(t, card); proof.UID != "" || bridge.AsRefusal(err).AuditCode() != "card_withdrawn" {
		t.Errorf("a withdrawn card: %+v %v", proof, err)
	}
}

// staff is a Directory of the persons in it.
type staff map[string]people.Status

func (s staff) Person(_ context.Context, uid string) (people.Person, error) {
	status, ok := s[uid]
	if !ok {
		return people.Person{}, people.ErrNotFound
	}
	return people.Person{UID: uid, Status: status}, nil
}

// testIdentifiers lists what may stand where an authority writes the number of the person.
func testIdentifiers(t *testing.T) {
	uid := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	other := asn1.ObjectIdentifier{1, 2, 826, 0, 1}
	subject := func(values ...any) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			var names []pkix.AttributeTypeAndValue
			for _, v := range values {
				names = append(names, pkix.AttributeTypeAndValue{Type: uid, Value: v})
			}
			c.Subject = pkix.Name{CommonName: "555000000002", ExtraNames: names}
		}
	}
	bySubject, byUPN, byOther, byURI := Identifier{Source: SubjectOID, OID: uid}, Identifier{Source: PrincipalName, Suffix: "@rx1.example"}, Identifier{Source: OtherName, OID: other}, Identifier{Source: URIName, Prefix: "urn:staff:"}
	for name, c := range map[string]struct {
		where  Identifier
		change func(*x509.Certificate)
		code   string
	}{
		"subject":                         {bySubject, subject("555000000001"), ""},
		"subject, two values":             {bySubject, subject("555000000001", "555000000001"), "card_identifier"},
		"subject, several in one":         {bySubject, rawSubject(t, uid, "555000000001", "555000000002"), "card_identifier"},
		"subject, with NUL":               {bySubject, subject("555000000001\x00"), "card_identifier"},
		"subject, other digits":           {bySubject, subject("٥٥٥٠٠٠٠٠٠٠٠١"), "card_identifier"},
		"subject, injected":               {bySubject, subject("555000000001,CN=admin"), "card_identifier"},
		"subject, blank":                  {bySubject, subject(" 555000000001"), "card_identifier"},
		"subject, nothing":                {bySubject, subject(""), "card_identifier"},
		"subject, not there":              {bySubject, func(c *x509.Certificate) { c.Subject = pkix.Name{CommonName: "555000000001"} }, "card_unknown"},
		"subject, of nobody":              {bySubject, subject("555000000009"), "card_unknown"},
		"subject, of somebody who left":   {bySubject, subject("555000000003"), "card_unknown"},
		"principal name":                  {byUPN, names(t, upn("555000000001@rx1.example")), ""},
		"principal name, other realm":     {byUPN, names(t, upn("555000000001@evil.example")), "card_identifier"},
		"principal name, realm in middle": {byUPN, names(t, upn("555000000001@rx1.example.evil.example")), "card_identifier"},
		"principal name, no realm":        {byUPN, names(t, upn("555000000001")), "card_identifier"},
		"two principal names":             {byUPN, names(t, upn("555000000001@rx1.example"), upn("555000000002@rx1.example")), "card_identifier"},
		"principal name and another":      {byUPN, names(t, upn("555000000001@rx1.example"), otherName(other, "555000000002")), ""},
		"e-mail is none":                  {byUPN, func(c *x509.Certificate) { c.EmailAddresses = []string{"555000000001@rx1.example"} }, "card_unknown"},
		"other name":                      {byOther, names(t, otherName(other, "555000000001")), ""},
		"two other names":                 {byOther, names(t, otherName(other, "555000000001"), otherName(other, "555000000001")), "card_identifier"},
		"other name of another kind":      {byOther, names(t, upn("555000000001")), "card_unknown"},
		"URI":                             {byURI, names(t, uri("urn:staff:555000000001")), ""},
		"URI of another kind":             {byURI, names(t, uri("https://evil.example/555000000001")), "card_identifier"},
		"two URIs":                        {byURI, names(t, uri("urn:staff:555000000001"), uri("https://x.example/")), "card_identifier"},
	} {
		o := newOffice(t, func(o *office) {
			o.authority.Identifier = c.where
			o.options.People, o.options.Journal, o.options.NewID = staff{"555000000001": people.Active, "555000000003": people.Suspended}, o.shelf, func() string { return "new" }
		})
		card := newCard(t, o.issuer, c.change)
		proof, err := o.accept(t, card)
		if c.code != "" {
			if err == nil || bridge.AsRefusal(err).AuditCode() != c.code || len(o.shelf.all)+len(o.shelf.record) != 0 {
				t.Errorf("%s: %+v %v, want %s", name, proof, err, c.code)
			}
			continue
		}
		if err != nil || proof.UID != "555000000001" || proof.AuthenticatorID != "new" || proof.Evidence["registered_by"] != "identifier" {
			t.Errorf("%s: %+v %v", name, proof, err)
		}
		// That somebody got a card is on record by itself: the sign-in may yet be refused.
		if r := o.shelf.record; len(r) != 1 || r[0].Kind != ledger.Enrolled || r[0].Subject != proof.UID || r[0].Detail["by"] != "identifier" || r[0].Detail["authenticator"] != "new" {
			t.Errorf("%s: recorded %+v", name, r)
		}
		if _, err := o.accept(t, card); err != nil || len(o.shelf.record) != 1 {
			t.Errorf("%s, again: %v, recorded %+v", name, err, o.shelf.record)
		}
	}
	t.Run("registered cards", testIdentifierAndRegister)
}

// testIdentifierAndRegister: a card that is registered is found so, whatever it says, and one that was withdrawn stays so.
func testIdentifierAndRegister(t *testing.T) {
	number := names(t, upn("555000000001@rx1.example"))
	o := newOffice(t, func(o *office) {
		o.authority.Identifier = Identifier{Source: PrincipalName, Suffix: "@rx1.example"}
		o.options.People, o.options.Journal, o.options.NewID = staff{"555000000001": people.Active}, o.shelf, func() string { return "new" }
	})
	card := newCard(t, o.issuer, number)
	o.register(o.issuer, card, "555000000002")
	if proof, err := o.accept(t, card); err != nil || proof.UID != "555000000002" || proof.Evidence["registered_by"] != "" {
		t.Errorf("%+v %v", proof, err)
	}
	for h, a := range o.shelf.all {
		a.Revoked = start
		o.shelf.all[h] = a
	}
	_, err := o.accept(t, card)
	refused(t, err, bridge.CredentialRevoked, "card_withdrawn")
	// Without the setting nothing in the certificate counts.
	o = newOffice(t, nil)
	_, err = o.accept(t, newCard(t, o.issuer, number))
	refused(t, err, bridge.CredentialUnknown, "card_unknown")
}

func names(t *testing.T, all ...[]byte) func(*x509.Certificate) {
	t.Helper()
	var content []byte
	for _, n := range all {
		content = append(content, n...)
	}
	value, err := asn1.Marshal(asn1.RawValue{Class: asn1.ClassUniversal, Tag: asn1.TagSequence, IsCompound: true, Bytes: content})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *x509.Certificate) {
		c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidAltName, Value: value})
	}
}

func upn(text string) []byte { return otherName(oidPrincipalName, text) }

func otherName(oid asn1.ObjectIdentifier, text string) []byte {
	id, _ := asn1.Marshal(oid)
	value, _ := asn1.MarshalWithParams(text, "utf8")
	wrapped, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: value})
	out, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0, IsCompound: true, Bytes: append(id, wrapped...)})
	return out
}

func uri(text string) []byte {
	out, _ := asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 6, Bytes: []byte(text)})
	return out
}

// rawSubject makes one relative name of several values, which libraries read as one or the other.
func rawSubject(t *testing.T, oid asn1.ObjectIdentifier, values ...string) func(*x509.Certificate) {
	t.Helper()
	var set []pkix.AttributeTypeAndValue
	for _, v := range values {
		set = append(set, pkix.AttributeTypeAndValue{Type: oid, Value: v})
	}
	raw, err := asn1.Marshal(pkix.RDNSequence{set})
	if err != nil {
		t.Fatal(err)
	}
	return func(c *x509.Certificate) { c.RawSubject = raw }
}
