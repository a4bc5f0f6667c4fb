package smartcard

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
)

func TestAccept(t *testing.T) {
	o := newOffice(t, nil)
	card := newCard(t, o.issuer, nil)
	o.register(o.issuer, card, "555000000001")
	proof, err := o.accept(t, card)
	if err != nil {
		t.Fatal(err)
	}
	if proof.UID != "555000000001" || proof.Method != bridge.MethodSmartcard || proof.Assurance != 3 || proof.AuthenticatorID != "auth-555000000001" || !proof.At.Equal(start) {
		t.Errorf("proof %+v", proof)
	}
	e := proof.Evidence
	if e["revocation"] != "good" || e["crl_number"] != "41" || e["crl_this_update"] != "2026-10-01T07:00:00Z" || len(e["issuer_key_id"]) != 40 || len(e["serial_sha256"]) != 64 {
		t.Errorf("evidence %v", e)
	}
	for k, v := range e {
		if strings.Contains(v, "Patel") || strings.Contains(v, "555000000001") {
			t.Errorf("%s names the person: %s", k, v)
		}
	}
	for _, a := range o.shelf.all {
		if !a.Used.Equal(start) {
			t.Errorf("used %s", a.Used)
		}
	}
}

func TestInspect(t *testing.T) {
	o := newOffice(t, nil)
	card := newCard(t, o.issuer, nil)
	a, err := o.cards.Inspect(t.Context(), []*x509.Certificate{card.cert}, start)
	if err != nil {
		t.Fatal(err)
	}
	if !a.Expires.Equal(card.cert.NotAfter) || !strings.HasSuffix(a.Handle, ":4d") || a.UID != "" {
		t.Errorf("%+v", a)
	}
	o.sheet.revoked["77"] = true
	_, err = o.cards.Inspect(t.Context(), []*x509.Certificate{card.cert}, start)
	refused(t, err, bridge.CredentialRevoked, "card_revoked")
}

func TestSecurity(t *testing.T) {
	t.Run("227", testDatesAndRevocation)
	t.Run("230", testUsage)
	t.Run("231", testPath)
	t.Run("232", testMapping)
	t.Run("232: identifiers", testIdentifiers)
	t.Run("236", testListener)
}

func testDatesAndRevocation(t *testing.T) {
	day := 24 * time.Hour
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		office func(*office)
		reason bridge.Reason
		code   string
	}{
		"expired":       {func(c *x509.Certificate) { c.NotBefore, c.NotAfter = start.Add(-2*day), start.Add(-time.Second) }, nil, bridge.CredentialExpired, "card_expired"},
		"not yet valid": {func(c *x509.Certificate) { c.NotBefore = start.Add(time.Second) }, nil, bridge.CredentialExpired, "card_not_yet_valid"},
		"revoked":       {nil, func(o *office) { o.sheet.revoked["77"] = true }, bridge.CredentialRevoked, "card_revoked"},
		"revoked, soft": {nil, func(o *office) {
			o.sheet.revoked["77"] = true
			o.sheet.standing, o.sheet.then = bridge.StandingUnknown, revocation.Allow
		}, bridge.CredentialRevoked, "card_revoked"},
		"revoked, stale":  {nil, func(o *office) { o.sheet.revoked["77"] = true; o.sheet.standing = bridge.StandingStale }, bridge.CredentialRevoked, "card_revoked"},
		"unknown":         {nil, func(o *office) { o.sheet.standing = bridge.StandingUnknown }, bridge.RevocationUnknown, "card_revocation_unknown"},
		"revoked by OCSP": {nil, func(o *office) { o.sheet.revoked["77"], o.sheet.source = true, revocation.SourceAnswer }, bridge.CredentialRevoked, "card_revoked"},
		"unknown by OCSP": {nil, func(o *office) { o.sheet.unheard, o.sheet.source = true, revocation.SourceAnswer }, bridge.CredentialUntrusted, "card_ocsp_unknown"},
		"authority":       {nil, func(o *office) { o.sheet.revoked[o.issuer.cert.SerialNumber.String()] = true }, bridge.CredentialUntrusted, "card_authority_revoked"},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, c.office)
			card := newCard(t, o.issuer, c.change)
			o.register(o.issuer, card, "555000000001")
			_, err := o.accept(t, card)
			refused(t, err, c.reason, c.code)
		})
	}
	o := newOffice(t, nil)
	_, err := o.accept(t)
	refused(t, err, bridge.CredentialMissing, "card_missing")

	for name, c := range map[string]struct {
		office   func(*office)
		say      string
		standing bridge.Standing
	}{
		"soft fail": {func(o *office) {
			o.sheet.standing, o.sheet.then, o.sheet.most = bridge.StandingUnknown, revocation.Allow, 2
		}, "unknown", bridge.StandingUnknown},
		"stale":        {func(o *office) { o.sheet.standing, o.sheet.most = bridge.StandingStale, 2 }, "good", bridge.StandingStale},
		"switched off": {func(o *office) { o.authority.Revocation = revocation.Off{} }, "off", bridge.StandingOff},
	} {
		o := newOffice(t, c.office)
		card := newCard(t, o.issuer, nil)
		o.register(o.issuer, card, "555000000001")
		proof, err := o.accept(t, card)
		if err != nil || proof.Assurance != 2 || proof.Evidence["revocation"] != c.say || proof.Standing != c.standing {
			t.Errorf("%s: %+v %v", name, proof, err)
		}
	}
}

func testUsage(t *testing.T) {
	o := newOffice(t, nil)
	logon := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 2}
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		good   bool
	}{
		"clientAuth":               {nil, true},
		"smartcardLogon":           {func(c *x509.Certificate) { c.ExtKeyUsage, c.UnknownExtKeyUsage = nil, []asn1.ObjectIdentifier{logon} }, true},
		"both and signature twice": {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }, true},
		"no extended usage":        {func(c *x509.Certificate) { c.ExtKeyUsage = nil }, false},
		"any only":                 {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }, false},
		"e-mail":                   {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }, false},
		"server":                   {func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }, false},
		"content commitment":       {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }, false},
		"encipherment":             {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, false},
		"no key usage":             {func(c *x509.Certificate) { c.KeyUsage = 0 }, false},
	} {
		card := newCard(t, o.issuer, c.change)
		o.register(o.issuer, card, "555000000001")
		_, err := o.accept(t, card)
		if c.good && err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !c.good {
			t.Log(name)
			refused(t, err, bridge.CredentialUntrusted, "card_usage")
		}
	}
	both := newOffice(t, func(o *office) { o.authority.EKU = []asn1.ObjectIdentifier{oidClientAuth, logon} })
	card := newCard(t, both.issuer, nil)
	_, err := both.accept(t, card)
	refused(t, err, bridge.CredentialUntrusted, "card_usage")
	card = newCard(t, both.issuer, func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{logon} })
	both.register(both.issuer, card, "555000000001")
	if _, err := both.accept(t, card); err != nil {
		t.Errorf("card with every usage: %v", err)
	}
}

func testPath(t *testing.T) {
	o := newOffice(t, nil)
	twin := newAuthority(t, newAuthority(t, nil, "Root", nil), "Level 1D", nil) // same names, other keys
	email := newAuthority(t, o.root, "Mail", func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	short := newAuthority(t, o.root, "Short", func(c *x509.Certificate) { c.MaxPathLenZero = true })
	below := newAuthority(t, short, "Below", nil)
	named := newAuthority(t, o.root, "Named", func(c *x509.Certificate) {
		c.PermittedDNSDomainsCritical, c.PermittedDNSDomains = true, []string{"allowed.example"}
		c.ExcludedIPRanges = []*net.IPNet{{IP: net.IPv4zero.To4(), Mask: net.CIDRMask(0, 32)}}
	})
	old := newAuthority(t, o.root, "Old", func(c *x509.Certificate) { c.NotAfter = start.Add(-time.Hour) })
	notCA := newCard(t, o.issuer, nil)
	known := newOffice(t, func(n *office) {
		n.authority.Roots = []*x509.Certificate{o.root.cert}
		n.authority.Intermediates = []*x509.Certificate{o.issuer.cert, email.cert, short.cert, below.cert, named.cert, old.cert, notCA.cert}
	})
	untrusted := map[string]*authority{
		"same names, other keys": newCard(t, twin, nil),
		"issuer for mail only":   newCard(t, email, nil),
		"path too long":          newCard(t, below, nil),
		"issuer expired":         newCard(t, old, nil),
		"name constraint":        newCard(t, named, func(c *x509.Certificate) { c.DNSNames = []string{"evil.example"} }),
		"issued by a card":       newCard(t, notCA, nil),
		"self-signed":            newCard(t, nil, nil),
		"unknown critical extension": newCard(t, o.issuer, func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true, Value: []byte{5, 0}}}
		}),
	}
	for name, card := range untrusted {
		known.register(o.issuer, card, "555000000001")
		_, err := known.accept(t, card)
		t.Log(name)
		refused(t, err, bridge.CredentialUntrusted, "card_untrusted")
		_, err = known.accept(t, card, twin, o.issuer) // what is sent along does not help
		refused(t, err, bridge.CredentialUntrusted, "card_untrusted")
	}
	_, err := known.accept(t, o.issuer)
	refused(t, err, bridge.CredentialUntrusted, "card_authority")
	_, err = known.accept(t, newCard(t, o.issuer, func(c *x509.Certificate) { c.IsCA = true }))
	refused(t, err, bridge.CredentialUntrusted, "card_authority")
	fine := newCard(t, named, func(c *x509.Certificate) { c.DNSNames = []string{"a.allowed.example"} })
	known.register(named, fine, "555000000001")
	if _, err := known.accept(t, fine); err != nil {
		t.Errorf("name within constraints: %v", err)
	}
	// A root that is presented, and a card that was configured as a root, issued nothing.
	self := newCard(t, nil, nil)
	odd := newOffice(t, func(n *office) { n.authority.Roots = append(n.authority.Roots, self.cert) })
	_, err = odd.accept(t, self)
	refused(t, err, bridge.CredentialUntrusted, "card_untrusted")
}

// TestCrossSigned: the issuer's key counts, whichever of its certificates the path goes through.
func TestCrossSigned(t *testing.T) {
	other := newAuthority(t, nil, "Other root", nil)
	o := newOffice(t, nil)
	cross := issue(t, other, *o.issuer.cert, o.issuer.key)
	o = newOffice(t, func(n *office) {
		n.authority.Roots, n.authority.Intermediates = []*x509.Certificate{other.cert}, []*x509.Certificate{cross.cert}
		n.issuer = o.issuer
	})
	card := newCard(t, o.issuer, nil)
	o.register(o.issuer, card, "555000000001")
	if proof, err := o.accept(t, card); err != nil || proof.UID != "555000000001" {
		t.Errorf("%+v %v", proof, err)
	}
}

func testMapping(t *testing.T) {
	o := newOffice(t, nil)
	victim := newCard(t, o.issuer, nil)
	o.register(o.issuer, victim, "555000000001")
	second := newAuthority(t, o.root, "Level 1D second", nil)
	o.authority.Intermediates = append(o.authority.Intermediates, second.cert)
	o.open(t)
	uid := asn1.ObjectIdentifier{0, 9, 2342, 19200300, 100, 1, 1}
	names := []pkix.Name{
		victim.cert.Subject,
		{CommonName: "555000000001,CN=admin"}, {CommonName: "555000000001\x00evil"},
		{CommonName: "x", ExtraNames: []pkix.AttributeTypeAndValue{{Type: uid, Value: "555000000001"}, {Type: uid, Value: "555000000002"}}},
	}
	for _, name := range names {
		spoof := newCard(t, o.issuer, func(c *x509.Certificate) {
			c.Subject, c.SerialNumber, c.EmailAddresses = name, big.NewInt(78), []string{"asha.patel@hub.example"}
		})
		_, err := o.accept(t, spoof)
		refused(t, err, bridge.CredentialUnknown, "card_unknown")
	}
	// The same serial number from another authority below the same root, whose certificates claim the issuer's key id.
	other := newCard(t, second, func(c *x509.Certificate) { c.AuthorityKeyId = o.issuer.cert.SubjectKeyId })
	_, err := o.accept(t, other)
	refused(t, err, bridge.CredentialUnknown, "card_unknown")

	for h, a := range o.shelf.all {
		a.Revoked = start.Add(-time.Hour)
		o.shelf.all[h] = a
	}
	_, err = o.accept(t, victim)
	refused(t, err, bridge.CredentialRevoked, "card_withdrawn")
	for h, a := range o.shelf.all {
		a.Revoked, a.Expires = time.Time{}, start
		o.shelf.all[h] = a
	}
	_, err = o.accept(t, victim)
	refused(t, err, bridge.CredentialExpired, "card_registration_ended")
}

// TestCardsAtTheirLimits lists what turns on one value: the last second of a certificate, its usages, its path.
func TestCardsAtTheirLimits(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	clientAuth := []byte{0x30, 0x0a, 0x06, 0x08, 0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02}
	for name, c := range map[string]struct {
		change func(*x509.Certificate)
		code   string // empty: accepted
	}{
		"last second":            {func(c *x509.Certificate) { c.NotAfter = start }, ""},
		"first second":           {func(c *x509.Certificate) { c.NotBefore = start }, ""},
		"signs certificates":     {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }, "card_authority"},
		"signs lists":            {func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCRLSign }, "card_authority"},
		"signs nothing":          {func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }, "card_usage"},
		"usages, then something": {func(c *x509.Certificate) { raw(c, append(clientAuth, 0x05, 0x00)) }, "card_usage"},
		"usages":                 {func(c *x509.Certificate) { raw(c, clientAuth) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := newOffice(t, nil)
			card := newCard(t, o.issuer, c.change)
			o.register(o.issuer, card, "555000000001")
			_, err := o.accept(t, card)
			if c.code == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			refused(t, err, bridge.CredentialUntrusted, c.code)
		})
	}
	o := newOffice(t, nil)
	template := x509.Certificate{Subject: pkix.Name{CommonName: "Weak"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign, SerialNumber: big.NewInt(9)}
	issuer := issue(t, o.root, template, weak)
	o = newOffice(t, func(n *office) {
		n.authority.Roots, n.authority.Intermediates = []*x509.Certificate{o.root.cert}, []*x509.Certificate{issuer.cert}
	})
	_, err = o.accept(t, newCard(t, issuer, nil))
	refused(t, err, bridge.CredentialUntrusted, "card_untrusted")
	_, err = o.cards.Accept(t.Context(), []*x509.Certificate{nil}, start)
	refused(t, err, bridge.CredentialMissing, "card_missing")
}

// raw replaces the extended key usages by these bytes.
func raw(c *x509.Certificate, usages []byte) {
	c.ExtKeyUsage = nil
	c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oidExtKeyUsage, Value: usages})
}

func TestParseEKUAtItsLimits(t *testing.T) {
	for s, want := range map[string]bool{
		"client_auth": true, "smartcard_logon": true, "1.2.3": true, "1.2": false, "": false, "1.2.x": false, "1.2.-3": false, "2.5.29.37.0": false,
		"1.2.2147483647": true, "1.2.2147483648": false, "1..3": false,
	} {
		if _, err := ParseEKU(s); (err == nil) != want {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestKeysAndSize(t *testing.T) {
	o := newOffice(t, nil)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	large, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	p224, err := ecdsa.GenerateKey(elliptic.P224(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, card := range map[string]*authority{
		"RSA 1024": newCardKey(t, o.issuer, small, nil), "P-224": newCardKey(t, o.issuer, p224, nil), "Ed25519": newCardKey(t, o.issuer, ed, nil),
	} {
		_, err := o.accept(t, card)
		t.Log(name)
		refused(t, err, bridge.CredentialUntrusted, "card_key")
	}
	for name, card := range map[string]*authority{"RSA 2048": newCardKey(t, o.issuer, large, nil), "P-384": newCardKey(t, o.issuer, p384, nil)} {
		o.register(o.issuer, card, "555000000001")
		if _, err := o.accept(t, card); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	fat := newCard(t, o.issuer, func(c *x509.Certificate) {
		c.DNSNames = slices.Repeat([]string{strings.Repeat("a", 60) + ".example"}, 300)
	})
	_, err = o.accept(t, fat)
	refused(t, err, bridge.CredentialUntrusted, "card_size")
}

func TestNewRefusesBadOptions(t *testing.T) {
	good := newOffice(t, nil).options
	for name, change := range map[string]func(*Options, *Authority){
		"no root":         func(_ *Options, a *Authority) { a.Roots = nil },
		"no revocation":   func(_ *Options, a *Authority) { a.Revocation = nil },
		"no name":         func(_ *Options, a *Authority) { a.Name = "" },
		"kind of key":     func(_ *Options, a *Authority) { a.Keys = []KeyKind{"dsa"} },
		"assurance":       func(_ *Options, a *Authority) { a.Assurance = 4 },
		"no store":        func(o *Options, _ *Authority) { o.Authenticators = nil },
		"no authority":    func(o *Options, _ *Authority) { o.Authorities = nil },
		"no people":       func(_ *Options, a *Authority) { a.Identifier.Source = PrincipalName },
		"identifier":      func(_ *Options, a *Authority) { a.Identifier.Source = "cn" },
		"no OID":          func(_ *Options, a *Authority) { a.Identifier.Source = SubjectOID },
		"OID for nothing": func(_ *Options, a *Authority) { a.Identifier = Identifier{Source: URIName, OID: oidPrincipalName} },
	} {
		o := good
		o.Authorities = slices.Clone(good.Authorities)
		change(&o, &o.Authorities[0])
		if _, err := New(o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestParseEKU(t *testing.T) {
	for s, want := range map[string]asn1.ObjectIdentifier{"client_auth": oidClientAuth, "smartcard_logon": oidSmartcardLogon, "1.2.826.0.1": {1, 2, 826, 0, 1}} {
		if got, err := ParseEKU(s); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v", s, got, err)
		}
	}
	for _, s := range []string{"", "1", "1.2", "a.b.c", "1..2", "1.2.-3", "2.5.29.37.0", "1.2.99999999999"} {
		if got, err := ParseEKU(s); err == nil {
			t.Errorf("%q: %v", s, got)
		}
	}
}

func TestParseAuthorities(t *testing.T) {
	o := newOffice(t, nil)
	bundle := func(certs ...*x509.Certificate) []byte {
		var out []byte
		for _, c := range certs {
			out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
		}
		return out
	}
	roots, intermediates, err := ParseAuthorities(bundle(o.issuer.cert, o.root.cert))
	if err != nil || len(roots) != 1 || !roots[0].Equal(o.root.cert) || len(intermediates) != 1 {
		t.Errorf("%v %v %v", roots, intermediates, err)
	}
	if roots, _, err = ParseAuthorities(bundle(o.issuer.cert)); err != nil || len(roots) != 1 {
		t.Errorf("an issuer alone: %v %v", roots, err)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "a card": bundle(newCard(t, o.issuer, nil).cert),
		"a key":   pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte{1}}),
		"damaged": append(bundle(o.root.cert), "-----BEGIN CERTIFICATE-----\nx"...),
	} {
		if _, _, err := ParseAuthorities(data); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestIssuerKeyID(t *testing.T) {
	o := newOffice(t, nil)
	if a, b := IssuerKeyID(o.root.cert), IssuerKeyID(o.issuer.cert); len(a) != 20 || string(a) == string(b) {
		t.Errorf("%x %x", a, b)
	}
}
