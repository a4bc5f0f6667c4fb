package signin

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/agent"
)

// Agents is what the pages do with the agent of the workstation that they are shown on.
type Agents struct {
	Reader   *agent.Reader
	Presence bool // a card sign-in through an agent needs a workstation that is believed
	Tap      bool // a card that is put into the reader starts the sign-in
}

// kindChallenge is a challenge that a card is to sign through an agent.
const kindChallenge bridge.ArtifactKind = "signin-challenge"

// challengeLife is how long a person may take to type the PIN.
const challengeLife = 2 * time.Minute

func noAgents() *bridge.Refusal {
	return bridge.Refuse(bridge.UnsupportedRequest, "Smartcards are not read through a program on the computer here.")
}

// byAgent loads the sign-on of a card that is read through an agent, if that fits it.
func (s *SignIn) byAgent(w http.ResponseWriter, r *http.Request) (b bridge.Browser, tx bridge.Transaction, ok bool) {
	if s.Agents == nil || s.Cards == nil {
		s.Kit.Refuse(w, r, noAgents())
		return b, tx, false
	}
	return s.allowed(w, r, bridge.MethodSmartcard)
}

// beginAgent makes the challenge that the card signs, for this browser and this sign-on.
func (s *SignIn) beginAgent(w http.ResponseWriter, r *http.Request) {
	b, tx, ok := s.byAgent(w, r)
	if !ok {
		return
	}
	challenge := s.Hub.NewSecret()
	if err := s.keep(r.Context(), kindChallenge, challenge, challengeLife, ceremony{Browser: bridge.Key(b.Binding), Tx: tx.ID}); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.answer(w, struct {
		Challenge string `json:"challenge"`
	}{challenge})
}

// finishAgent takes what the card signed and what the agent says of where it is.
func (s *SignIn) finishAgent(w http.ResponseWriter, r *http.Request) {
	b, tx, ok := s.byAgent(w, r)
	if !ok {
		return
	}
	proof, at, err := s.throughAgent(r, b, tx)
	tx.Place = at
	switch {
	case s.Hub.Emergency != nil && proof.ForEmergency(err):
		s.agentBrink(w, r, b, tx, proof, bridge.AsRefusal(err))
	case err != nil:
		s.deny(w, r, b, tx, bridge.MethodSmartcard, err)
	default:
		s.Accept(w, r, b, tx, proof)
	}
}

// agentBrink records a card that will do for emergency access alone, keeps where it was shown, and goes on to what is offered for it.
func (s *SignIn) agentBrink(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, proof bridge.Proof, why *bridge.Refusal) {
	err := s.Hub.SetPlace(r.Context(), tx, tx.Place)
	if err == nil {
		err = s.Hub.RefuseSignIn(r.Context(), tx, bridge.MethodSmartcard, why)
	}
	if bridge.AsRefusal(err).OurFault() {
		s.gone(w, r, err)
		return
	}
	s.reachBrink(w, r, b, tx, seen{Proof: &proof, Refused: why.Detail})
}

// throughAgent checks, in this order: the challenge is ours, for this browser and sign-on, and used once; a workstation that is
// believed vouches for it, if one must or does; the card signed it for a page of this hub; the card is in order.
func (s *SignIn) throughAgent(r *http.Request, b bridge.Browser, tx bridge.Transaction) (bridge.Proof, bridge.Place, error) {
	challenge := r.PostFormValue("challenge")
	if challenge == "" {
		return bridge.Proof{}, bridge.Place{}, bridge.Refuse(bridge.CredentialMissing, "The program on this computer that reads cards gave no answer.").WithCode("agent_silent")
	}
	if err := s.spend(r, b, tx, challenge); err != nil {
		return bridge.Proof{}, bridge.Place{}, err
	}
	card, err := agent.ReadCertificate(r.PostFormValue("certificate"))
	if err != nil {
		return bridge.Proof{}, bridge.Place{}, unfit(err)
	}
	signature, err := base64.StdEncoding.Strict().DecodeString(r.PostFormValue("signature"))
	if err != nil {
		return bridge.Proof{}, bridge.Place{}, bridge.Refuse(bridge.CredentialUntrusted, "The challenge was not signed by this card.").WithCode("card_signature").Because(err)
	}
	at, err := s.vouched(r, challenge, agent.Fingerprint(card))
	if err != nil {
		return bridge.Proof{}, bridge.Place{}, err
	}
	proof, err := s.Cards.AcceptSigned(r.Context(), card, agent.SignedText(s.Kit.Origin(), challenge), signature, s.Hub.Clock())
	if at.Workstation != "" {
		at.Authenticator = proof.AuthenticatorID
	}
	return proof, at, err
}

// spend uses up a challenge that was made for this browser and this sign-on.
func (s *SignIn) spend(r *http.Request, b bridge.Browser, tx bridge.Transaction, challenge string) error {
	key := bridge.Key(challenge)
	var made ceremony
	if spent, err := s.look(r.Context(), kindChallenge, key, &made); err != nil || spent {
		return lost(err, "card_challenge")
	}
	if made.Browser != bridge.Key(b.Binding) || made.Tx != tx.ID {
		return outOfDate("card_challenge_other")
	}
	if err := s.take(r.Context(), kindChallenge, key); err != nil {
		return lost(err, "card_challenge")
	}
	return nil
}

// vouched is where the sign-in takes place, by the word of the agent that had the card sign. It must speak of the same card.
func (s *SignIn) vouched(r *http.Request, challenge, card string) (bridge.Place, error) {
	token := r.PostFormValue("presence")
	if token == "" && !s.Agents.Presence {
		return bridge.Place{}, nil
	}
	if token == "" {
		return bridge.Place{}, unbelieved("This computer is not registered with the hub.", "workstation_needed")
	}
	p, err := s.Agents.Reader.ReadPresence(r.Context(), token, challenge)
	if err != nil {
		return bridge.Place{}, unfit(err)
	}
	if at := p.Place(); at.Card == card || at.Card == "" {
		at.Card = card
		return at, nil
	}
	return bridge.Place{}, unbelieved("The card in the reader is another than the one that signed.", "presence_card")
}

// unfit says to a person that their computer is at fault, and keeps for the record what was wrong. The hub's own faults stay what
// they are.
func unfit(err error) error {
	why := bridge.AsRefusal(err)
	if why.OurFault() {
		return err
	}
	return unbelieved(why.Detail, why.AuditCode()).Because(err)
}

func unbelieved(detail, code string) *bridge.Refusal {
	return bridge.Refuse(bridge.AuthenticationFailed, "The program on this computer that reads cards is not believed. %s", detail).WithCode(code)
}

// answer is one for a script of ours.
func (s *SignIn) answer(w http.ResponseWriter, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "This could not be answered.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the browser went away: nothing to do about it
}
