package metadata

import (
	"crypto/dsa" //nolint:staticcheck // a hostile key of a kind that nobody accepts
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

func smallRSA(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// rsaKeyValue states any modulus and exponent.
func rsaKeyValue(n *big.Int, e int64) string {
	b64 := base64.StdEncoding.EncodeToString
	return `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>` +
		b64(n.Bytes()) + `</ds:Modulus><ds:Exponent>` + b64(big.NewInt(e).Bytes()) +
		`</ds:Exponent></ds:RSAKeyValue></ds:KeyValue></ds:KeyInfo></md:KeyDescriptor>`
}

// dsaCertificate is just enough of a certificate around a DSA key.
func dsaCertificate(t testing.TB) []byte {
	t.Helper()
	type parameters struct{ P, Q, G *big.Int }
	type algorithm struct {
		OID        asn1.ObjectIdentifier
		Parameters parameters
	}
	y, err := asn1.Marshal(big.NewInt(4))
	if err != nil {
		t.Fatal(err)
	}
	null := asn1.NullRawValue
	type tbs struct {
		Serial                               *big.Int
		Algorithm, Issuer, Validity, Subject asn1.RawValue
		Key                                  struct {
			Algorithm algorithm
			Key       asn1.BitString
		}
	}
	c := tbs{Serial: big.NewInt(1), Algorithm: null, Issuer: null, Validity: null, Subject: null}
	c.Key.Algorithm = algorithm{asn1.ObjectIdentifier{1, 2, 840, 10040, 4, 1}, parameters{big.NewInt(23), big.NewInt(11), big.NewInt(2)}}
	c.Key.Key = asn1.BitString{Bytes: y, BitLength: 8 * len(y)}
	der, err := asn1.Marshal(struct{ TBS tbs }{c})
	if err != nil {
		t.Fatal(err)
	}
	if key, err := certificateKey(der); err != nil {
		t.Fatalf("the DSA fixture does not parse: %v", err)
	} else if _, ok := key.(*dsa.PublicKey); !ok {
		t.Fatalf("the DSA fixture is a %T", key)
	}
	return der
}

// TestSecurity: rows of the attack list that end at a partner's metadata. Each names the finding that blocks the import.
func TestSecurity(t *testing.T) {
	good := goodPartner(t)
	acs := "https://pas.rx1.example/acs"
	large := new(big.Int).Lsh(big.NewInt(1), 16383)
	large.SetBit(large, 0, 1)
	even := new(big.Int).Lsh(testKey().N, 1)
	descriptor := func(der []byte) string {
		return `<md:KeyDescriptor use="signing">` + keyInfo(der) + `</md:KeyDescriptor>`
	}
	encoded := func(der []byte) string {
		return withKeys(`<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="` + spaceDsig + `"><dsig11:DEREncodedKeyValue xmlns:dsig11="` + spaceDsig11 + `">` + base64.StdEncoding.EncodeToString(der) +
			`</dsig11:DEREncodedKeyValue></ds:KeyInfo></md:KeyDescriptor>`)
	}
	small, err := publicKeyInfo(certificate(t, smallRSA(t)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ row, name, doc, want string }{
		{"048", "javascript", replace(t, good, acs, "javascript:alert(1)"), "endpoint_url"},
		{"048", "javascript with a host", replace(t, good, acs, "javascript://x/%0aalert(1)"), "endpoint_scheme"},
		{"048", "data", replace(t, good, acs, "data:text/html,x"), "endpoint_url"},
		{"059", "RSA 16384", withKeys(rsaKeyValue(large, 65537)), "key_weak no_signing_key"},
		{"059", "RSA 1024", withKeys(descriptor(certificate(t, smallRSA(t)))), "key_weak no_signing_key"},
		{"059", "RSA 1024, encoded", encoded(small), "key_weak no_signing_key"},
		{"059", "rubbish, encoded", encoded([]byte("rubbish")), "key_unreadable no_signing_key"},
		{"059", "huge, encoded", encoded(make([]byte, maxCertificate+1)), "key_unreadable no_signing_key"},
		{"059", "exponent 3", withKeys(rsaKeyValue(testKey().N, 3)), "key_weak no_signing_key"},
		{"059", "even modulus", withKeys(rsaKeyValue(even, 65537)), "key_weak no_signing_key"},
		{"060", "DSA", withKeys(descriptor(dsaCertificate(t))), "key_weak no_signing_key"},
		{"061", "huge certificate", withKeys(descriptor(make([]byte, maxCertificate+1))), "key_unreadable no_signing_key"},
		{"062", "PEM inside PEM", withKeys(descriptor(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: []byte("-----BEGIN")}))),
			"key_unreadable no_signing_key"},
		{"131", "validUntil past", replace(t, good, "2027-01-01", "2026-11-25"), "expired"},
		{"135", "relative", replace(t, good, "https://pas.rx1.example/shibboleth", "pas"), "entity_id"},
		{"135", "long", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/"+strings.Repeat("a", 1024)), "entity_id"},
		{"135", "space", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/a b"), "entity_id"},
		{"135", "dot segments", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/../a"), "entity_id"},
		{"135", "escaped dot segments", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/%2e%2e/a"), "entity_id"},
		{"135", "no URI at all", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/%zz/../a"), "entity_id"},
		{"135", "control", replace(t, good, "https://pas.rx1.example/shibboleth", "https://pas.rx1.example/&#x85;"), "entity_id"},
		{"136", "no keys", replace(t, withKeys(""), `AuthnRequestsSigned="true" `, ""), "no_keys"},
		{"137", "http", replace(t, good, acs, "http://pas.rx1.example/acs"), "endpoint_scheme"},
		{"137", "localhost", replace(t, good, acs, "https://localhost/acs"), "endpoint_address"},
		{"137", "name under localhost", replace(t, good, acs, "https://pas.LOCALHOST./acs"), "endpoint_address"},
		{"137", "loopback", replace(t, good, acs, "https://127.0.0.1/acs"), "endpoint_address"},
		{"137", "mapped loopback", replace(t, good, acs, "https://[::ffff:127.0.0.1]/acs"), "endpoint_address"},
		{"137", "private", replace(t, good, acs, "https://10.0.0.8/acs"), "endpoint_address"},
		{"137", "link local", replace(t, good, acs, "https://169.254.169.254/acs"), "endpoint_address"},
		{"137", "zone", replace(t, good, acs, "https://[fe80::1%25eth0]/acs"), "endpoint_address"},
		{"137", "credentials", replace(t, good, acs, "https://pas:x@pas.rx1.example/acs"), "endpoint_credentials"},
		{"137", "logout response", replace(t, good, "https://pas.rx1.example/slo/done", "http://localhost/"), "endpoint_scheme endpoint_address"},
		{"137", "private through IPv6", replace(t, good, acs, "https://[::ffff:10.0.0.8]/acs"), "endpoint_address"},
		{"137", "unspecified", replace(t, good, acs, "https://0.0.0.0/acs"), "endpoint_address"},
		{"137", "multicast", replace(t, good, acs, "https://224.1.0.1/acs"), "endpoint_address"},
		{"137", "zone of a public address", replace(t, good, acs, "https://[2001:db8::1%25eth0]/acs"), "endpoint_address"},
		{"048", "no host", replace(t, good, acs, "https:///acs"), "endpoint_url"},
		{"048", "empty fragment", replace(t, good, acs, "https://pas.rx1.example/acs#"), "endpoint_url"},
		{"048", "directive of a policy", replace(t, good, acs, "https://pas.rx1.example;script-src-elem/acs"), "endpoint_host"},
		{"048", "source of a policy", replace(t, good, acs, "https://pas.rx1.example'unsafe-inline'/acs"), "endpoint_host"},
		{"048", "any host", replace(t, good, acs, "https://*/acs"), "endpoint_host"},
		{"048", "letters of another script", replace(t, good, acs, "https://p\u0430s.rx1.example/acs"), "endpoint_host"},
		{"048", "letter that folds into another", replace(t, good, acs, "https://pas.rx1.example.u\u212a/acs"), "endpoint_host"},
		{"048", "label of 64 letters", replace(t, good, acs, "https://"+strings.Repeat("a", 64)+".example/acs"), "endpoint_host"},
		{"048", "host of 254 letters", replace(t, good, acs, "https://"+strings.Repeat("a.", 126)+"aa/acs"), "endpoint_host"},
		{"048", "empty label", replace(t, good, acs, "https://pas..example/acs"), "endpoint_host"},
		{"137", "loopback as one number", replace(t, good, acs, "https://2130706433/acs"), "endpoint_host"},
		{"137", "loopback in short", replace(t, good, acs, "https://127.1/acs"), "endpoint_host"},
		{"137", "loopback with a dot behind", replace(t, good, acs, "https://127.0.0.1./acs"), "endpoint_host"},
		{"137", "loopback in base 16", replace(t, good, acs, "https://0X7f000001/acs"), "endpoint_host"},
		{"137", "loopback in base 8", replace(t, good, acs, "https://0177.0.0.1/acs"), "endpoint_host"},
		{"137", "loopback with wide stops", replace(t, good, acs, "https://127\u30020\u30020\u30021/acs"), "endpoint_host"},
		{"137", "wide localhost", replace(t, good, acs, "https://\uff4cocalhost/acs"), "endpoint_host"},
		{"137", "wide localhost, escaped", replace(t, good, acs, "https://%EF%BD%8Cocalhost/acs"), "endpoint_host"},
		{"048", "fragment", replace(t, good, acs, "https://pas.rx1.example/acs#x"), "endpoint_url"},
		{"048", "control", replace(t, good, acs, "https://pas.rx1.example/acs&#x85;"), "endpoint_url"},
		{"131", "validUntil now", replace(t, good, "2027-01-01T00:00:00Z", "2026-11-25T12:00:00Z"), "expired"},
		{"143", "scope", replace(t, good, "<md:Extensions>", `<md:Extensions><s:Scope xmlns:s="urn:mace:shibboleth:metadata:1.0" regexp="true">.*</s:Scope>`), "scope_regexp"},
	} {
		t.Run(c.row+"/"+c.name, func(t *testing.T) {
			findings := Lint(parsed(t, c.doc), now)
			if got := codes(findings, Error); got != c.want || !Blocking(findings) {
				t.Errorf("errors %q, want %q", got, c.want)
			}
			if c.row == "135" && c.name != "relative" && codes(Lint(parsed(t, c.doc), now, PlainID), Error) != c.want {
				t.Error("passes as a plain name")
			}
		})
	}
	t.Run("144", func(t *testing.T) {
		for _, doc := range []string{
			`<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>` + good[strings.Index(good, "<md:"):],
			replace(t, good, "<md:Extensions>", `<md:Extensions><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>`),
		} {
			if _, err := xmlsec.AcceptUnsigned([]byte(doc), xmlsec.MetadataLimits()); err == nil {
				t.Error("accepted")
			}
		}
	})
}

func TestLintLab(t *testing.T) {
	doc := replace(t, goodPartner(t), "https://pas.rx1.example/acs", "http://pas.localhost:8080/acs")
	doc = replace(t, doc, "https://pas.rx1.example/slo\"", "http://127.0.0.1:8080/slo\"")
	if got := codes(Lint(parsed(t, doc), now), Error); got != "endpoint_scheme endpoint_address endpoint_scheme endpoint_address" {
		t.Errorf("production: %q", got)
	}
	if findings := Lint(parsed(t, doc), now, Lab); len(findings) != 0 {
		t.Errorf("lab: %v", findings)
	}
	private := replace(t, doc, "http://127.0.0.1:8080", "http://10.0.0.8")
	if got := codes(Lint(parsed(t, private), now, Lab), Error); got != "endpoint_address" {
		t.Errorf("lab with a private address: %q", got)
	}
}

func TestLintTooManyKeys(t *testing.T) {
	var keys strings.Builder
	n := new(big.Int).Set(testKey().N)
	for range maxKeys + 1 {
		keys.WriteString(rsaKeyValue(n.Add(n, big.NewInt(2)), 65537))
	}
	if got := codes(Lint(parsed(t, withKeys(keys.String())), now), Error); got != "too_many_keys" {
		t.Errorf("errors %q", got)
	}
}

// TestLintEffort: keys that take long to try are fewer.
func TestLintEffort(t *testing.T) {
	modulus := func(bits uint) *big.Int { n := new(big.Int).Lsh(big.NewInt(1), bits-1); return n.SetBit(n, 0, 1) }
	rsaKeys := func(bits uint, many int) string {
		var keys strings.Builder
		n := modulus(bits)
		for range many {
			keys.WriteString(rsaKeyValue(n.Add(n, big.NewInt(2)), 65537))
		}
		return keys.String()
	}
	ecKeys := func(c elliptic.Curve, many int) string {
		var keys strings.Builder
		for range many {
			k, err := ecdsa.GenerateKey(c, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			keys.WriteString(`<md:KeyDescriptor use="signing">` + keyInfo(certificate(t, k)) + `</md:KeyDescriptor>`)
		}
		return keys.String()
	}
	for name, c := range map[string]struct{ keys, want string }{
		"64 RSA 2048": {rsaKeys(2048, 64), ""}, "64 RSA 4096": {rsaKeys(4096, 64), ""}, "64 P-256": {ecKeys(elliptic.P256(), 64), ""},
		"16 RSA 8192": {rsaKeys(8192, 16), ""}, "8 P-521": {ecKeys(elliptic.P521(), 8), ""}, "32 P-384": {ecKeys(elliptic.P384(), 32), ""},
		"64 RSA 8192": {rsaKeys(8192, 64), "too_many_keys"}, "9 P-521": {ecKeys(elliptic.P521(), 9), "too_many_keys"}, "64 P-384": {ecKeys(elliptic.P384(), 64), "too_many_keys"},
	} {
		if got := codes(Lint(parsed(t, withKeys(c.keys)), now), Error); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// TestLintAtItsLimits lists what is just good enough.
func TestLintAtItsLimits(t *testing.T) {
	good := goodPartner(t)
	acs := "https://pas.rx1.example/acs"
	const entity = "https://pas.rx1.example/"
	for name, doc := range map[string]string{
		"a public address":     replace(t, good, acs, "https://192.0.2.1/acs"),
		"an address of IPv6":   replace(t, good, acs, "https://[2001:db8::1]:8443/acs"),
		"a host of one label":  replace(t, good, acs, "https://pas/acs"),
		"a host with a line":   replace(t, good, acs, "https://pas_test.rx1.example/acs"),
		"a host in capitals":   replace(t, good, acs, "https://PAS.RX1.Example:443/acs"),
		"a host with its root": replace(t, good, acs, "https://pas.rx1.example./acs"),
		"a host in Punycode":   replace(t, good, acs, "https://xn--mnchen-3ya.example/acs"),
		"a host of digits":     replace(t, good, acs, "https://10.0.0.1.example/acs"),
		"the longest label":    replace(t, good, acs, "https://"+strings.Repeat("a", 63)+".example/acs"),
		"the longest host":     replace(t, good, acs, "https://"+strings.Repeat("a.", 126)+"a/acs"),
		"a usual name":         replace(t, good, entity+"shibboleth", entity+strings.Repeat("a", usualText-len(entity))),
		"no logout response":   replace(t, good, ` ResponseLocation="https://pas.rx1.example/slo/done"`, ""),
		"two years":            replace(t, good, "2027-01-01T00:00:00Z", now.Add(maxValidity).Format("2006-01-02T15:04:05Z")),
		"a month to go":        replace(t, good, "2027-01-01T00:00:00Z", now.Add(soon).Format("2006-01-02T15:04:05Z")),
		"no end":               replace(t, good, ` validUntil="2027-01-01T00:00:00Z"`, ""),
		"a name with dots":     replace(t, good, entity+"shibboleth", entity+"a..b"),
		"a name that is a URN": replace(t, good, entity+"shibboleth", "urn:pas:rx1"),
	} {
		t.Run(name, func(t *testing.T) {
			if findings := Lint(parsed(t, doc), now); len(findings) != 0 || Blocking(findings) {
				t.Errorf("findings %+v", findings)
			}
		})
	}
	for name, c := range map[string]struct{ doc, want string }{
		"the longest name":   {replace(t, good, entity+"shibboleth", entity+strings.Repeat("a", maxEntityID-len(entity))), "entity_id_long"},
		"one second to go":   {replace(t, good, "2027-01-01T00:00:00Z", "2026-11-25T12:00:01Z"), "expires_soon"},
		"binding":            {replace(t, good, "bindings:HTTP-Artifact", "bindings:URI"), "endpoint_binding"},
		"a bit over 2 years": {replace(t, good, "2027-01-01T00:00:00Z", now.Add(maxValidity+time.Second).Format("2006-01-02T15:04:05Z")), "valid_too_long"},
	} {
		t.Run(name, func(t *testing.T) {
			findings := Lint(parsed(t, c.doc), now)
			if got := codes(findings, Warning); got != c.want || Blocking(findings) {
				t.Errorf("warnings %q, want %q, in %+v", got, c.want, findings)
			}
		})
	}
	var keys strings.Builder
	n := new(big.Int).Set(testKey().N)
	for range maxKeys {
		keys.WriteString(rsaKeyValue(n.Add(n, big.NewInt(2)), 65537))
	}
	if got := codes(Lint(parsed(t, withKeys(keys.String())), now), Error); got != "" {
		t.Errorf("64 keys: %q", got)
	}
	bare := replace(t, withKeys(""), `AuthnRequestsSigned="true" `, "")
	for _, o := range []LintOption{Lab, Keyless} {
		if got := codes(Lint(parsed(t, bare), now, o), Warning); got != "no_keys slo_no_key" {
			t.Errorf("without keys, option %d: %q", o, got)
		}
	}
	if got := codes(Lint(parsed(t, withKeys("")), now, Keyless), Error); got != "no_signing_key" {
		t.Errorf("without keys, and requests said to be signed: %q", got)
	}
	encrypts := strings.Replace(rsaKeyValue(testKey().N, 65537), "signing", "encryption", 1)
	if got := codes(Lint(parsed(t, replace(t, withKeys(encrypts), `AuthnRequestsSigned="true" `, "")), now), Error); got != "" {
		t.Errorf("only a key to encrypt for: %q", got)
	}
}

func TestLintRoles(t *testing.T) {
	good := goodPartner(t)
	for name, c := range map[string]struct{ doc, want string }{
		"no role":       {replace(t, good, "SPSSODescriptor", "PDPDescriptor"), "no_role"},
		"SAML 1.1 only": {replace(t, good, "urn:oasis:names:tc:SAML:1.1:protocol urn:oasis:names:tc:SAML:2.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"), "no_role"},
		"no ACS":        {replace(t, good, "AssertionConsumerService", "ManageNameIDService"), "no_acs"},
		"index twice":   {replace(t, good, `index="2"`, `index="1"`), "acs_index"},
		"index 65536":   {replace(t, good, `index="2"`, `index="65536"`), "acs_index"},
		"no index":      {replace(t, good, `index="2"`, ``), "acs_index"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := codes(Lint(parsed(t, c.doc), now), Error); got != c.want {
				t.Errorf("errors %q, want %q", got, c.want)
			}
		})
	}
	far := replace(t, good, "2027-01-01", "2046-01-01")
	if got := codes(Lint(parsed(t, far), now), Warning); got != "valid_too_long" {
		t.Errorf("twenty years: %q", got)
	}
}
