package jose

import (
	"crypto/sha256"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/trust/keyring"
)

// What can be wrong with a DPoP proof, besides what can be wrong with any token.
var (
	ErrProofKey    = errors.New("jwk of the proof is not a public key")
	ErrProofID     = errors.New("jti of the proof is not accepted")
	ErrProofMethod = errors.New("htm is not the method of the request")
	ErrProofTarget = errors.New("htu is not the address of the request")
	ErrProofTime   = errors.New("iat is not close to now")
	ErrProofToken  = errors.New("ath is not the hash of the access token")
	ErrProofNonce  = errors.New("nonce is missing or not accepted") // the client shall try again with a fresh one (RFC 9449, section 8)
)

// Windows of a proof's iat.
const (
	minAhead     = 10 * time.Second // FAPI 2.0 Security Profile, section 5.3.2.1: what is this far ahead must be accepted
	maxAhead     = 60 * time.Second // and what is further must not
	defaultAhead = 30 * time.Second
	defaultAge   = 60 * time.Second
	maxProofID   = 256 // bytes of jti
)

// ProofRules are what a request expects of its DPoP proof.
type ProofRules struct {
	Algorithms  []keyring.Algorithm
	Method      string            // of the request, as in HTTP: POST
	Targets     []string          // the address of the request; several where one endpoint has several
	AccessToken string            // that the proof comes with; empty at the token endpoint
	Nonce       func(string) bool // whether a nonce is good; it sees "" where there is none. nil: no nonce is looked at
	Now         time.Time
	Ahead       time.Duration // how far iat may be ahead; 0: 30 s; kept between 10 s and 60 s
	Age         time.Duration // how old iat may be; 0: 60 s
}

// Proof is a DPoP proof that holds.
type Proof struct {
	Thumbprint string // jkt: of the key that the client proved to have (RFC 7638, SHA-256)
	ID         string // jti; the caller sees to it that it is used once
	Issued     time.Time
	Until      time.Time // a second after the proof is too old, however times are rounded: as long the caller remembers the jti
}

// proof is a proof whose signature is verified, with its claims.
type proof struct {
	Claims
	id     string
	issued float64
}

// proofRules are what the claims of a proof must keep, in this order (RFC 9449, section 4.3). The nonce comes last: who is told to
// try again with a fresh one has nothing else to mend.
var proofRules = [...]struct {
	name  string
	check func(p *proof, r ProofRules) error
}{
	{"jti is there and bounded", checkProofID},
	{"htm is the method of the request", checkProofMethod},
	{"htu is the address of the request, without query and fragment", checkProofTarget},
	{"iat is close to now", checkProofTime},
	{"ath is the hash of the access token, if one is presented", checkProofToken},
	{"nonce is one of ours, if one is asked for", checkProofNonce},
}

// VerifyProof checks one DPoP proof (RFC 9449, section 4.3), all but that its jti is new. The error wraps one of those of [Verify],
// ErrClaim, or one of ErrProof.
func VerifyProof(token string, r ProofRules) (Proof, error) {
	t, err := read(token, Rules{Algorithms: r.Algorithms, Types: []string{"dpop+jwt"}})
	if err != nil {
		return Proof{}, err
	}
	key, err := t.carried()
	if err != nil {
		return Proof{}, err
	}
	v, err := t.verify([]Key{key})
	if err != nil {
		return Proof{}, broken(ErrSignature, "the signature of the DPoP proof is not valid with the jwk in its header")
	}
	var p proof
	if p.Claims, err = v.Claims(); err != nil {
		return Proof{}, err
	}
	for _, rule := range proofRules {
		if err := rule.check(&p, r); err != nil {
			return Proof{}, err
		}
	}
	seconds, fraction := math.Modf(p.issued)
	issued := time.Unix(int64(seconds), int64(fraction*1e9))
	return Proof{Thumbprint: Thumbprint(key.Public), ID: p.id, Issued: issued, Until: issued.Add(r.age() + time.Second)}, nil
}

// carried is the key in the header: the one place where a header brings a key, because the proof is about just that.
func (t unverified) carried() (Key, error) {
	jwk, err := t.Object("jwk")
	if err != nil {
		return Key{}, broken(ErrProofKey, "%s in the header of the DPoP proof; it must be the public key (RFC 9449, section 4.2)", err)
	}
	key, err := readKey(jwk)
	if err != nil {
		return Key{}, broken(ErrProofKey, "the jwk in the header of the DPoP proof cannot be used: %s", err)
	}
	if !key.fits(t.method) {
		return Key{}, broken(ErrProofKey, "the jwk in the header of the DPoP proof is not for alg %s", t.alg)
	}
	return key, nil
}

func checkProofID(p *proof, _ ProofRules) error {
	id, err := p.Text("jti")
	if err != nil {
		return broken(ErrProofID, "%s in the DPoP proof", err)
	}
	if id == "" || len(id) > maxProofID {
		return broken(ErrProofID, "jti of the DPoP proof must have 1 to %d bytes", maxProofID)
	}
	p.id = id
	return nil
}

func checkProofMethod(p *proof, r ProofRules) error {
	method, err := p.Text("htm")
	if err != nil {
		return broken(ErrProofMethod, "%s in the DPoP proof", err)
	}
	if method != r.Method {
		return broken(ErrProofMethod, "htm of the DPoP proof is %s; the request is %s", shown(method), r.Method)
	}
	return nil
}

func checkProofTarget(p *proof, r ProofRules) error {
	target, err := p.Text("htu")
	if err != nil {
		return broken(ErrProofTarget, "%s in the DPoP proof", err)
	}
	if !slices.ContainsFunc(r.Targets, func(t string) bool { return sameTarget(target, t) }) {
		return broken(ErrProofTarget, "htu of the DPoP proof is %s; it must be %s", shown(target), strings.Join(r.Targets, " or "))
	}
	return nil
}

func checkProofTime(p *proof, r ProofRules) error {
	issued, err := p.Seconds("iat")
	if err != nil {
		return broken(ErrProofTime, "%s in the DPoP proof", err)
	}
	p.issued = issued
	ahead := issued - float64(r.Now.UnixMilli())/1000
	switch {
	case ahead > r.ahead().Seconds():
		return broken(ErrProofTime, "iat of the DPoP proof is %.0f seconds ahead of this clock; %.0f are accepted", ahead, r.ahead().Seconds())
	case -ahead > r.age().Seconds():
		return broken(ErrProofTime, "iat of the DPoP proof is %.0f seconds ago; %.0f are accepted", -ahead, r.age().Seconds())
	}
	return nil
}

func (r ProofRules) ahead() time.Duration {
	if r.Ahead == 0 {
		return defaultAhead
	}
	return min(max(r.Ahead, minAhead), maxAhead)
}

func (r ProofRules) age() time.Duration {
	if r.Age == 0 {
		return defaultAge
	}
	return r.Age
}

func checkProofToken(p *proof, r ProofRules) error {
	if r.AccessToken == "" {
		return nil
	}
	hash, err := p.Text("ath")
	if err != nil {
		return broken(ErrProofToken, "%s in the DPoP proof; it must be the SHA-256 of the access token in base64url", err)
	}
	if sum := sha256.Sum256([]byte(r.AccessToken)); hash != b64.EncodeToString(sum[:]) {
		return broken(ErrProofToken, "ath of the DPoP proof is not the SHA-256 of the access token in base64url")
	}
	return nil
}

func checkProofNonce(p *proof, r ProofRules) error {
	if r.Nonce == nil {
		return nil
	}
	nonce, err := p.Text("nonce")
	if err != nil && !errors.Is(err, ErrMissing) {
		return broken(ErrProofNonce, "%s in the DPoP proof", err)
	}
	if !r.Nonce(nonce) {
		return broken(ErrProofNonce, "the DPoP proof needs the nonce of the header DPoP-Nonce (RFC 9449, section 8)")
	}
	return nil
}
