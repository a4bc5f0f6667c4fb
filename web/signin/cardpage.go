package signin

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// cardRefused records a card that was not accepted and says why, as a page: the browser's own TLS error
// would help nobody.
func (s *SignIn) cardRefused(w http.ResponseWriter, r *http.Request, a attempt, err error) {
	refusal := bridge.AsRefusal(err)
	if refusal.OurFault() {
		s.Log.ErrorContext(r.Context(), "card not checked", "ref", bridge.Ref(r.Context()), "error", refusal.Error())
	} else {
		refusal = s.recordCard(r, a, refusal)
	}
	status, _, _ := web.PageOf(refusal.Reason)
	page, title := s.cardWords(r, refusal)
	page.Again = s.cardAgain(r, a)
	s.Kit.Page(w, r, "refused", title, page, web.PageOptions{Status: status, Away: true})
}

// recordCard puts a card that was not accepted into the record.
func (s *SignIn) recordCard(r *http.Request, a attempt, refusal *bridge.Refusal) *bridge.Refusal {
	tx := bridge.Transaction{Ref: a.Ref, Request: bridge.Request{Partner: a.Partner}}
	return bridge.AsRefusal(s.Hub.RefuseSignIn(r.Context(), tx, bridge.MethodSmartcard, refusal))
}

// cardUsed answers a second visit to the same host name.
func (s *SignIn) cardUsed(w http.ResponseWriter, r *http.Request, a attempt) {
	page := refusedPage{
		Lead:  "This address was used already. Each try has an address of its own.",
		Steps: []string{"Press Try again, and choose your certificate again when you are asked."}, Reason: "card_attempt_spent",
		AgainText: "Try again", Again: s.cardAgain(r, a),
	}
	s.Kit.Page(w, r, "refused", "This card check is over", page, web.PageOptions{Status: http.StatusConflict, Away: true})
}

// cardAgain leads back to the hub, which makes a new host name.
func (s *SignIn) cardAgain(r *http.Request, a attempt) string {
	switch token := r.URL.Query().Get("e"); {
	case a.Tx != "":
		return s.Kit.URL(web.SignInPath + "?" + s.flow(bridge.Transaction{ID: a.Tx}, bridge.StepAuthenticate).query())
	case a.Enrolment != "" && bridge.Key(token) == a.Enrolment:
		return s.Kit.URL("/enrol/" + url.PathEscape(token))
	}
	return s.Kit.URL("/")
}

// cardWords are what each kind of failure means at the reader.
func (s *SignIn) cardWords(r *http.Request, refusal *bridge.Refusal) (refusedPage, string) {
	page := refusedPage{Lead: refusal.Detail, Reason: refusal.AuditCode(), AgainText: "Try again"}
	ask := "Ask your Registration Authority. Until then, use another way to sign in if you have one."
	switch refusal.Reason {
	case bridge.CredentialMissing:
		page.Lead = "Your browser did not show us a card."
		page.Steps = []string{"Put your smartcard in the reader and wait until its light is steady.", "Press Try again, then Use your smartcard. When you are asked, choose your own certificate and type your PIN.",
			"If you are never asked, the reader or its software is not working on this computer: use another computer or call the help line."}
		return page, "No smartcard was read"
	case bridge.CredentialExpired:
		page.RA, page.Steps = true, []string{"Ask your Registration Authority to renew your card. Until then, use another way to sign in if you have one."}
		if certs, err := s.shown(r); err == nil && len(certs) > 0 && s.Hub.Clock().After(certs[0].NotAfter) {
			page.Lead = "It expired on " + s.Kit.Time(certs[0].NotAfter) + "."
		}
		return page, "Your smartcard has expired"
	case bridge.CredentialRevoked:
		page.RA, page.Steps = true, []string{ask}
		return page, "Your smartcard has been cancelled"
	case bridge.CredentialUntrusted:
		page.Steps = []string{"You may have chosen another certificate than the one on your card. Press Try again and choose the one with your name and the right issuer.", "If it happens twice, call the help line."}
		return page, "This card is not accepted here"
	case bridge.CredentialUnknown:
		page.RA, page.Steps = true, []string{"Check that it is your own card. If it is, ask your Registration Authority to register it."}
		return page, "This card is not registered here"
	case bridge.RevocationUnknown:
		page.Steps = []string{"This is not your fault, and your card may be in order. Wait a minute and try again, or use another way to sign in."}
		return page, "Your card could not be checked just now"
	}
	_, title, advice := web.PageOf(refusal.Reason)
	page.Steps = []string{advice}
	return page, title
}
