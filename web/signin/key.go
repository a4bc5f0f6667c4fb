package signin

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/lanyard-hub/lanyard/bridge"
)

// begun is the answer that starts a ceremony in the browser.
type begun struct {
	Ceremony string          `json:"ceremony"`
	Options  json.RawMessage `json:"options"`
}

func noKeys() *bridge.Refusal {
	return bridge.Refuse(bridge.UnsupportedRequest, "Security keys are not used here.")
}

// outOfDate is the answer to a ceremony or proof that is finished, expired, or of another browser or sign-on.
func outOfDate(code string) *bridge.Refusal {
	return bridge.Refuse(bridge.AuthenticationFailed, "This try took too long, or was used already.").WithCode(code)
}

func (s *SignIn) beginKey(w http.ResponseWriter, r *http.Request) {
	if s.Keys == nil {
		s.Kit.Refuse(w, r, noKeys())
		return
	}
	b, tx, ok := s.allowed(w, r, bridge.MethodFIDO2)
	if !ok {
		return
	}
	options, state, err := s.Keys.BeginSignIn(r.Context(), s.staffNumber(r))
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	s.begin(w, r, options, ceremony{Browser: bridge.Key(b.Binding), Tx: tx.ID, State: state})
}

// staffNumber is what a person typed whose key cannot find its own credential; empty: nothing, or nobody is asked here.
func (s *SignIn) staffNumber(r *http.Request) string {
	if !s.StaffNumbers {
		return ""
	}
	return strings.Join(strings.Fields(r.PostFormValue("staff")), "")
}

// begin keeps the ceremony here and sends its options to the browser.
func (s *SignIn) begin(w http.ResponseWriter, r *http.Request, options []byte, c ceremony) {
	secret := s.Hub.NewSecret()
	if err := s.keep(r.Context(), bridge.KindKeyCeremony, secret, ceremonyLife, c); err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	body, err := json.Marshal(begun{secret, options})
	if err != nil {
		s.Kit.Refuse(w, r, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(body) // the browser went away: nothing to do about it
}

// answered takes the ceremony that the form names, once. It must be one of this browser, and of what want says.
func (s *SignIn) answered(r *http.Request, b bridge.Browser, want ceremony) (state []byte, err error) {
	key := bridge.Key(r.PostFormValue("ceremony"))
	var c ceremony
	if spent, err := s.look(r.Context(), bridge.KindKeyCeremony, key, &c); err != nil || spent {
		return nil, lost(err, "key_ceremony")
	}
	if c.Browser != bridge.Key(b.Binding) || c.Tx != want.Tx || c.Enrolment != want.Enrolment {
		return nil, outOfDate("key_ceremony_other")
	}
	if err := s.take(r.Context(), bridge.KindKeyCeremony, key); err != nil {
		return nil, lost(err, "key_ceremony")
	}
	return c.State, nil
}

func (s *SignIn) finishKey(w http.ResponseWriter, r *http.Request) {
	if s.Keys == nil {
		s.Kit.Refuse(w, r, noKeys())
		return
	}
	b, tx, ok := s.allowed(w, r, bridge.MethodFIDO2)
	if !ok {
		return
	}
	if r.PostFormValue("credential") == "" {
		s.deny(w, r, b, tx, bridge.MethodFIDO2, bridge.Refuse(bridge.CredentialMissing, "Security keys need JavaScript, which is switched off in this browser.").WithCode("key_missing"))
		return
	}
	state, err := s.answered(r, b, ceremony{Tx: tx.ID})
	if err != nil {
		s.deny(w, r, b, tx, bridge.MethodFIDO2, err)
		return
	}
	proof, err := s.Keys.FinishSignIn(r.Context(), state, []byte(r.PostFormValue("credential")), s.Hub.Clock())
	if err != nil {
		s.deny(w, r, b, tx, bridge.MethodFIDO2, err)
		return
	}
	s.Accept(w, r, b, tx, proof)
}
