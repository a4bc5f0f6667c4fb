package ticket

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/protocols/ticket/gpobject"
)

// kindChallenge is a challenge that was answered, kept until it is out of date.
const kindChallenge bridge.ArtifactKind = "ticket-challenge"

// StrangerKinds are the artifacts that a request without a session can make this room store, for whoever bounds their number.
func StrangerKinds() []bridge.ArtifactKind { return []bridge.ArtifactKind{kindChallenge} }

// challengeLife is how long a person has to find the card and enter the PIN.
const challengeLife = 5 * time.Minute

// nodeSkew is how far the clocks of two nodes may be apart: a node that is ahead must not forget a spent challenge that another still takes.
const nodeSkew = time.Minute

// challengePurpose is what every challenge begins with, so that no card signs it for anything else. The letter in front is no
// beginning of a DER SET: what is signed can't be taken for the signed attributes of another CMS message.
const challengePurpose = "lanyard ticket challenge 1"

// attempt is what an agent calls its sign-in: the log session, and the device with its address as it sees it.
type attempt struct{ logSession, device string }

// Bounds of both, in bytes. The field's are 10 and some 30.
const (
	maxLogSession = 64
	maxDevice     = 128
)

// readAttempt wants printable ASCII, so that a line of a challenge is one line.
func readAttempt(o gpobject.Object) (attempt, error) {
	a := attempt{o.Value("log_session_id"), o.Value("device_id")}
	if a.logSession == "" || a.device == "" || len(a.logSession) > maxLogSession || len(a.device) > maxDevice || !printable(a.logSession) || !printable(a.device) {
		return a, bridge.Refuse(bridge.BadRequest, "The parameters log_session_id and device_id are needed, as short plain text.").WithCode("agent_parameters")
	}
	return a, nil
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

// head is the part of a challenge that follows from who asked whom.
func (p *Provider) head(a attempt) string {
	return challengePurpose + "\n" + p.kit.Issuer.String() + "\n" + a.logSession + "\n" + a.device + "\n"
}

// challenge makes one, and what the hub signs it with. Nothing is stored: any node knows it again.
func (p *Provider) challenge(a attempt) (challenge, signature []byte) {
	expires := p.hub.Clock().Add(challengeLife).Unix()
	challenge = []byte(p.head(a) + strconv.FormatInt(expires, 10) + "\n" + p.hub.NewSecret())
	return challenge, p.macOf(challenge)
}

func (p *Provider) macOf(challenge []byte) []byte {
	m := hmac.New(sha256.New, p.macKey)
	m.Write(challenge)
	return m.Sum(nil)
}

// takeChallenge checks that the hub made this challenge for this attempt and not too long ago, and spends it: it is good for one
// answer, right or wrong.
func (p *Provider) takeChallenge(ctx context.Context, a attempt, challenge, signature string) ([]byte, error) {
	text, err1 := base64.StdEncoding.DecodeString(challenge)
	mac, err2 := base64.StdEncoding.DecodeString(signature)
	if err1 != nil || err2 != nil || !hmac.Equal(mac, p.macOf(text)) {
		return nil, challengeRefused("challenge_forged")
	}
	rest, ours := strings.CutPrefix(string(text), p.head(a))
	if !ours {
		return nil, challengeRefused("challenge_other")
	}
	stamp, _, _ := strings.Cut(rest, "\n")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil {
		return nil, challengeRefused("challenge_forged")
	}
	expires := time.Unix(seconds, 0)
	if !p.hub.Clock().Before(expires) {
		return nil, challengeRefused("challenge_expired")
	}
	err = p.hub.Artifacts.Put(ctx, bridge.Artifact{Kind: kindChallenge, Key: bridge.Key(string(text)), Expires: expires.Add(nodeSkew)}, false)
	if errors.Is(err, bridge.ErrExists) {
		return nil, challengeRefused("challenge_spent")
	}
	if err != nil {
		return nil, fmt.Errorf("ticket: spend challenge: %w", err)
	}
	return text, nil
}

func challengeRefused(code string) error {
	return bridge.Refuse(bridge.AuthenticationFailed, "The challenge is not one of this hub for this sign-in, or it was answered before. Start again.").WithCode(code)
}
