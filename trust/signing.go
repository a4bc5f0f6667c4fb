package trust

import (
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// nextKey in a document stands for the key that signs next. It is replaced by that key's id before it is stored.
const nextKey = "next"

// Signature is a signature algorithm that a partner takes, with keys of MinBits to MaxBits; 0 is no bound.
type Signature struct {
	Algorithm        keyring.Algorithm
	MinBits, MaxBits int
}

func (s Signature) fits(k keyring.Key) bool {
	bits := k.Bits()
	return k.Can(s.Algorithm) && bits >= s.MinBits && (s.MaxBits == 0 || bits <= s.MaxBits)
}

// SigningKey chooses the hub's key for the partner, and the algorithm. What the partner's metadata lists comes first, in its
// order, if the terms name no algorithm; then Algorithm. A key that the terms name comes before the active one for as long
// as it is active or next: after that the partner follows the others, so that a forgotten name breaks nothing.
// Keys for OIDC only are never chosen. The error is [keyring.ErrNoKey].
func (t *SAMLTerms) SigningKey(ring keyring.Ring) (keyring.Key, keyring.Algorithm, error) {
	ring = ring.ForSAML()
	if t.Key != "" {
		if k, ok := ring.Named(t.Key); ok {
			for i := range len(t.Listed) + 1 {
				if s := t.signature(i); s.fits(k) {
					return k, s.Algorithm, nil
				}
			}
		}
	}
	for i := range t.Listed {
		if k, err := ring.SigningIf(t.Listed[i].Algorithm, t.Listed[i].fits); err == nil {
			return k, t.Listed[i].Algorithm, nil
		}
	}
	last := t.signature(len(t.Listed)).Algorithm
	k, err := ring.Signing(last)
	return k, last, err
}

// signature is the choice number i; the last one is Algorithm.
func (t *SAMLTerms) signature(i int) Signature {
	switch {
	case i < len(t.Listed):
		return t.Listed[i]
	case t.Algorithm == "":
		return Signature{Algorithm: keyring.RS256}
	}
	return Signature{Algorithm: keyring.Algorithm(t.Algorithm)}
}

// SignatureURI is the identifier of an algorithm in an XML signature (RFC 9231, 2.3).
func SignatureURI(alg keyring.Algorithm) string {
	switch alg {
	case keyring.RS256:
		return xmlsec.RSASHA256
	case keyring.RS384:
		return xmlsec.RSASHA384
	case keyring.RS512:
		return xmlsec.RSASHA512
	case keyring.PS256:
		return xmlsec.RSAPSSSHA256
	case keyring.PS384:
		return xmlsec.RSAPSSSHA384
	case keyring.PS512:
		return xmlsec.RSAPSSSHA512
	case keyring.ES256:
		return xmlsec.ECDSASHA256
	case keyring.ES384:
		return xmlsec.ECDSASHA384
	case keyring.ES512:
		return xmlsec.ECDSASHA512
	}
	return ""
}

// listed are the methods of the partner's metadata that are known here. SHA-1 and the like are passed over.
func listed(methods []metadata.SigningMethod) []Signature {
	var out []Signature
	for _, m := range methods {
		for _, alg := range keyring.Algorithms() {
			if SignatureURI(alg) == m.Algorithm {
				out = append(out, Signature{alg, m.MinBits, m.MaxBits})
			}
		}
	}
	return out
}

// digest is the first digest method of the partner's metadata that is made here; empty: that of the signature.
func digest(methods []string) string {
	for _, uri := range methods {
		if uri == xmlsec.SHA256 || uri == xmlsec.SHA384 || uri == xmlsec.SHA512 {
			return uri
		}
	}
	return ""
}

// names of the nine algorithms, as terms have them.
func algorithmNames() []string {
	var out []string
	for _, a := range keyring.Algorithms() {
		out = append(out, string(a))
	}
	return out
}

// signing reads what the document says of signatures and, where the hub's keys are known, refuses what no key of the hub can do.
func (b *builder) signing(t *SAMLTerms, named string) {
	if t.Entity.SP != nil {
		t.Digest = digest(t.Entity.SP.DigestMethods)
		if named == "" {
			t.Listed = slices.DeleteFunc(listed(t.Entity.SP.SigningMethods), func(s Signature) bool { return b.refuses(s.Algorithm) })
		}
	}
	if b.refuses(keyring.Algorithm(t.Algorithm)) {
		b.fail("saml.algorithm: %s is refused by saml.refuse_algorithms of the configuration", t.Algorithm)
	}
	switch {
	case b.o.Keys == nil && t.Key == nextKey:
		b.fail("saml.signing_key: next can be resolved only where the hub's keys can be read")
	case b.o.Keys == nil:
	case t.Key == nextKey:
		b.upcoming(t)
	case t.Key != "":
		b.named(t)
	default:
		if _, alg, err := t.SigningKey(*b.o.Keys); err != nil {
			b.fail("no active key in keys.signing_file signs with %s; the keys there sign with %s", alg, able(b.o.Keys.ForSAML()))
		}
	}
}

func (b *builder) refuses(alg keyring.Algorithm) bool {
	return slices.Contains(b.o.SAML.Refused, SignatureURI(alg))
}

// upcoming replaces "next" by the id of the key that it stands for now. Of two it might be the wrong one.
func (b *builder) upcoming(t *SAMLTerms) {
	for i := range len(t.Listed) + 1 {
		s := t.signature(i)
		keys := slices.DeleteFunc(b.o.Keys.ForSAML().Upcoming(), func(k keyring.Key) bool { return !s.fits(k) })
		switch len(keys) {
		case 0:
			continue
		case 1:
			t.Key = keys[0].ID
		default:
			b.fail("saml.signing_key: more than one key in keys.signing_file is next and signs with %s; name one by its id (lanyard keys list)", s.Algorithm)
		}
		return
	}
	b.fail("saml.signing_key: no key in keys.signing_file is next and signs with %s", t.signature(len(t.Listed)).Algorithm)
}

// named refuses the id of a key that would not sign.
func (b *builder) named(t *SAMLTerms) {
	k, ok := b.o.Keys.ForSAML().Named(t.Key)
	if !ok {
		b.fail("saml.signing_key: no active or next key in keys.signing_file has the id %s", t.Key)
		return
	}
	if got, alg, err := t.SigningKey(*b.o.Keys); err != nil || got.ID != k.ID {
		b.fail("saml.signing_key: the key %s does not sign with %s", k.ID, alg)
	}
}

// able lists what the active keys sign with.
func able(ring keyring.Ring) string {
	names := slices.DeleteFunc(algorithmNames(), func(name string) bool {
		_, err := ring.Signing(keyring.Algorithm(name))
		return err != nil
	})
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
