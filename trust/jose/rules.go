package jose

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// MaxToken is the length of a token, in bytes, unless the caller sets another limit. Some clients send their chain of certificates
// in the header, which nobody reads here.
const MaxToken = 16 << 10

const maxKeyID = 256 // bytes

// Rules are what a caller expects of a token.
type Rules struct {
	Algorithms []keyring.Algorithm // accepted, in their exact spelling
	Types      []string            // accepted values of typ; "" stands for a header without typ. None: nothing is accepted.
	KeyID      string              // the kid that the header must bear, letter by letter; empty: any, or none
	MaxBytes   int                 // of the token; 0: MaxToken
}

// header is a JOSE header as far as it is looked at.
type header struct {
	Claims
	alg keyring.Algorithm
	typ string
	kid string
}

// headerRules are what a header must keep, in this order. None of them, and nothing after them, reads jku, x5u, jwk or x5c.
var headerRules = [...]struct {
	name  string
	check func(h *header, r Rules) error
}{
	{"alg is one of those the caller accepts, letter by letter (RFC 8725, section 3.1)", checkAlgorithm},
	{"no extension is asked for: no crit, no b64 (RFC 7515, section 4.1.11; RFC 7797)", checkExtensions},
	{"typ is one of those the caller expects (RFC 8725, section 3.11)", checkType},
	{"kid is a string of bounded length, and the one that the caller expects", checkKeyID},
}

func checkAlgorithm(h *header, r Rules) error {
	text, err := h.Text("alg")
	if err != nil {
		return broken(ErrAlgorithm, "%s in the header; it must be %s", err, Names(r.Algorithms))
	}
	h.alg = keyring.Algorithm(text)
	if _, known := methodOf(h.alg); !known || !slices.Contains(r.Algorithms, h.alg) {
		return broken(ErrAlgorithm, "alg %s is not accepted; it must be %s", shown(text), Names(r.Algorithms))
	}
	return nil
}

func checkExtensions(h *header, _ Rules) error {
	for _, name := range []string{"crit", "b64"} {
		if h.Has(name) {
			return broken(ErrExtension, "%s in the header asks for an extension that is not supported", name)
		}
	}
	return nil
}

func checkType(h *header, r Rules) error {
	if !h.Has("typ") {
		if slices.Contains(r.Types, "") {
			return nil
		}
		return broken(ErrType, "typ is missing in the header; it must be %s", typeNames(r))
	}
	text, err := h.Text("typ")
	if err != nil {
		return broken(ErrType, "%s in the header; it must be %s", err, typeNames(r))
	}
	h.typ = text
	for _, t := range r.Types {
		if t != "" && strings.EqualFold(bareType(text), t) {
			return nil
		}
	}
	return broken(ErrType, "typ %s is not accepted; it must be %s", shown(text), typeNames(r))
}

// bareType leaves out "application/" (RFC 7515, section 4.1.9).
func bareType(typ string) string {
	const media = "application/"
	if len(typ) > len(media) && strings.EqualFold(typ[:len(media)], media) {
		return typ[len(media):]
	}
	return typ
}

func typeNames(r Rules) string {
	named := slices.DeleteFunc(slices.Clone(r.Types), func(t string) bool { return t == "" })
	return strings.Join(named, " or ")
}

func checkKeyID(h *header, r Rules) error {
	if !h.Has("kid") && r.KeyID == "" {
		return nil
	}
	text, err := h.Text("kid")
	if err != nil {
		return broken(ErrKeyID, "%s in the header", err)
	}
	if len(text) > maxKeyID {
		return broken(ErrKeyID, "kid in the header is longer than %d bytes", maxKeyID)
	}
	if r.KeyID != "" && text != r.KeyID {
		return broken(ErrKeyID, "kid %s in the header is not %s", shown(text), shown(r.KeyID))
	}
	h.kid = text
	return nil
}

var b64 = base64.RawURLEncoding.Strict()

// decode reads base64url without padding, without line ends, and without stray bits at its end (RFC 7515, section 2).
func decode(text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, base64.CorruptInputError(0)
	}
	return b64.DecodeString(text)
}
