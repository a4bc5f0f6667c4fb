package signin

import (
	"net/http"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

// Accept takes an accepted proof into the transaction, gives the browser its new session and goes on to
// what comes next. The composition root's extra authenticators end here too.
func (s *SignIn) Accept(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, proof bridge.Proof) {
	left, err := s.Hub.SwitchUser(r.Context(), b, proof.UID, tx.Ref)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	secret, err := s.Hub.Authenticate(r.Context(), b, tx, proof)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	s.Kit.SetSession(w, r, secret)
	switch proof.Method {
	case bridge.MethodFIDO2:
		s.Kit.Remember(w, methodCookie, "key")
	case bridge.MethodSmartcard:
		s.Kit.Remember(w, methodCookie, "card")
	}
	if !left.Everywhere() {
		s.warn(w, r, b, tx, proof.UID, left)
		return
	}
	b.Session = secret
	s.proceed(w, r, b, tx.ID, bridge.StepAuthenticate)
}

// warn stands between a new subject and apps that may still hold the one before in this browser: nobody is
// handed somebody else's patient record without a word. The same subject comes here when apps of an earlier session
// can be told by this browser alone, and goes on once they were.
func (s *SignIn) warn(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, uid string, left bridge.LogoutReport) {
	f := farewell{Browser: bridge.Key(b.Binding), Continue: s.step(tx, bridge.StepAuthenticate), Before: "The person before you", Same: left.Session.UID == uid}
	if p, err := s.Hub.Directory.Person(r.Context(), left.Session.UID); err == nil {
		f.Before = p.Name
	}
	s.farewell(w, r, left.ID, f)
}

// proceed asks the dispatcher again, with the transaction as it is stored now.
func (s *SignIn) proceed(w http.ResponseWriter, r *http.Request, b bridge.Browser, id string, step bridge.Step) {
	tx, err := s.Hub.Transaction(r.Context(), b, id, step, s.Hub.StepMAC(id, step))
	if err != nil {
		s.gone(w, r, err)
		return
	}
	next, err := s.Hub.Next(r.Context(), b, tx)
	if err != nil {
		if !tx.Local {
			err = s.Hub.RefuseRequest(r.Context(), ledger.Refused, tx.Request.Partner, tx.Ref, err)
		}
		s.refused(w, r, b, tx, err)
		return
	}
	s.Kit.Go(w, r, next)
}

// deny records a proof that was not accepted and shows why.
func (s *SignIn) deny(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, m bridge.Method, err error) {
	if refusal := bridge.AsRefusal(err); !refusal.OurFault() {
		err = s.Hub.RefuseSignIn(r.Context(), tx, m, refusal)
	}
	s.refused(w, r, b, tx, err)
}
