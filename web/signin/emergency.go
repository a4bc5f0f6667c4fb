package signin

import (
	"net/http"
	"net/url"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// kindEmergency is the record of a card that will do for emergency access alone, while its holder decides.
const kindEmergency bridge.ArtifactKind = "signin-emergency"

// brink is that record.
type brink struct {
	Tx      string // which is bound to its browser
	Proof   bridge.Proof
	Refused string // what the person was told of the card
}

type reasonRow struct {
	Code, Text string
	Checked    bool
}

type emergencyPage struct {
	flow
	Offer   string // secret of the brink; empty: for the session of this browser
	App     string // empty: the hub's own pages
	Name    string // whose access it would be
	Refused string
	Life    string
	Reasons []reasonRow
	Note    string
	Most    int // characters of the note
	Error   string
	First   string // id of the element where the message of a problem leads
	Other   string // another way to sign in
	RA      bool
}

// reachBrink goes from a card that will do for emergency access to the page that offers it, if it may be offered.
func (s *SignIn) reachBrink(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, found seen) {
	refusal := bridge.Refuse(bridge.RevocationUnknown, "%s", found.Refused).WithCode(bridge.CodeEmergencyOnly)
	if err := s.Hub.OffersEmergency(r.Context(), tx, *found.Proof); err != nil {
		if bridge.AsRefusal(err).OurFault() {
			s.gone(w, r, err)
			return
		}
		if bridge.AsRefusal(err).Reason == bridge.CredentialRevoked {
			refusal = bridge.AsRefusal(err)
		}
		s.refused(w, r, b, tx, refusal)
		return
	}
	secret := s.Hub.NewSecret()
	record := brink{Tx: tx.ID, Proof: *found.Proof, Refused: found.Refused}
	if err := s.keep(r.Context(), kindEmergency, secret, ceremonyLife, record); err != nil {
		s.gone(w, r, err)
		return
	}
	http.Redirect(w, r, s.step(tx, bridge.StepEmergency)+"&offer="+url.QueryEscape(secret), http.StatusSeeOther)
}

// offerPage offers emergency access, and says what it means to open it.
func (s *SignIn) offerPage(w http.ResponseWriter, r *http.Request) {
	if b, tx, page, _, ok := s.atBrink(w, r); ok {
		s.showEmergency(w, r, b, tx, page)
	}
}

// atBrink loads what emergency access would be opened for. If it is not offered any more the browser has been sent on.
func (s *SignIn) atBrink(w http.ResponseWriter, r *http.Request) (b bridge.Browser, tx bridge.Transaction, page emergencyPage, record *brink, ok bool) {
	b, tx, err := s.Kit.Transaction(w, r, bridge.StepEmergency)
	if err != nil {
		s.gone(w, r, err)
		return b, tx, page, nil, false
	}
	if s.Hub.Emergency == nil {
		s.gone(w, r, bridge.Refuse(bridge.UnsupportedRequest, "There is no emergency access here."))
		return b, tx, page, nil, false
	}
	page = emergencyPage{flow: s.flow(tx, bridge.StepEmergency), Offer: r.FormValue("offer"), Life: spoken(s.Hub.Emergency.Life), Most: bridge.MaxEmergencyNote}
	for _, reason := range s.Hub.Emergency.Reasons {
		page.Reasons = append(page.Reasons, reasonRow{Code: reason.Code, Text: reason.Text})
	}
	if page.Offer == "" {
		return b, tx, page, nil, s.forSession(w, r, b, tx, &page)
	}
	record, err = s.brinkOf(r, tx, page.Offer)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return b, tx, page, nil, false
	}
	page.Refused, page.Other = record.Refused, s.step(tx, bridge.StepAuthenticate)
	if p, err := s.partner(tx); err == nil {
		page.App = p.Name
	}
	if person, err := s.Hub.Directory.Person(r.Context(), record.Proof.UID); err == nil {
		page.Name = person.Name
	}
	return b, tx, page, record, true
}

// forSession fills the page for the session of this browser, if the dispatcher offers it emergency access now.
func (s *SignIn) forSession(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, page *emergencyPage) bool {
	next, err := s.Hub.Next(r.Context(), b, tx)
	switch {
	case err != nil:
		s.refused(w, r, b, tx, err)
		return false
	case next.Step != bridge.StepEmergency:
		s.Kit.Go(w, r, next)
		return false
	}
	page.App, page.Refused, page.RA = next.Partner.Name, next.Refused.Detail, next.Refused.Reason != bridge.AssuranceTooLow
	if s.anotherWay(tx, next.Partner, next.Refused) {
		page.Other = s.step(tx, bridge.StepAuthenticate)
	}
	if _, person, err := s.Hub.Live(r.Context(), b); err == nil {
		page.Name = person.Name
	}
	return true
}

func (s *SignIn) brinkOf(r *http.Request, tx bridge.Transaction, secret string) (*brink, error) {
	var record brink
	spent, err := s.look(r.Context(), kindEmergency, bridge.Key(secret), &record)
	if err != nil || spent {
		return nil, lost(err, "emergency_offer")
	}
	if record.Tx != tx.ID {
		return nil, outOfDate("emergency_offer_other")
	}
	return &record, nil
}

func (s *SignIn) showEmergency(w http.ResponseWriter, r *http.Request, b bridge.Browser, tx bridge.Transaction, page emergencyPage) {
	who, options := "", web.PageOptions{FormAction: s.endings(tx)}
	if session, person, err := s.Hub.Live(r.Context(), b); err == nil && page.Offer == "" {
		who = s.who(session, person)
	}
	if page.Error != "" {
		options.Status = http.StatusUnprocessableEntity
	}
	s.Kit.PageWho(w, r, b, who, "emergency", "Emergency access", page, options)
}

// openEmergency takes the person's reason and confirmation.
func (s *SignIn) openEmergency(w http.ResponseWriter, r *http.Request) {
	b, tx, page, record, ok := s.atBrink(w, r)
	if !ok {
		return
	}
	opening := bridge.Opening{Reason: r.PostFormValue("reason"), Note: r.PostFormValue("note")}
	for i := range page.Reasons {
		page.Reasons[i].Checked = page.Reasons[i].Code == opening.Reason
	}
	page.Note = opening.Words()
	if page.Error, page.First = s.Hub.Emergency.Fault(opening); page.Error == "" && r.PostFormValue("confirm") != "yes" {
		page.Error, page.First = "Confirm that you know it is recorded and reviewed.", "confirm"
	}
	if page.Error != "" {
		s.showEmergency(w, r, b, tx, page)
		return
	}
	var left bridge.LogoutReport
	var err error
	if record != nil {
		opening.Proof = &record.Proof
		left, err = s.spendBrink(r, b, tx, page.Offer, *record)
	}
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	secret, e, err := s.Hub.OpenEmergency(r.Context(), b, tx, opening)
	if err != nil {
		s.refused(w, r, b, tx, err)
		return
	}
	s.Log.WarnContext(r.Context(), "emergency access opened", "emergency", e.ID, "ref", e.Ref, "refused", e.Refused, "reason", e.Reason, "until", e.Until.UTC())
	s.Kit.SetSession(w, r, secret)
	if !left.Everywhere() {
		s.warn(w, r, b, tx, e.UID, left)
		return
	}
	b.Session = secret
	s.proceed(w, r, b, tx.ID, bridge.StepEmergency)
}

// spendBrink takes the record of the card, once, and ends what another person left in this browser.
func (s *SignIn) spendBrink(r *http.Request, b bridge.Browser, tx bridge.Transaction, secret string, record brink) (bridge.LogoutReport, error) {
	if err := s.Hub.OffersEmergency(r.Context(), tx, record.Proof); err != nil {
		return bridge.LogoutReport{}, err
	}
	if err := s.take(r.Context(), kindEmergency, bridge.Key(secret)); err != nil {
		return bridge.LogoutReport{}, lost(err, "emergency_offer")
	}
	return s.Hub.SwitchUser(r.Context(), b, record.Proof.UID, tx.Ref)
}

// declineEmergency goes back to the app, or to the ways to sign in, without it.
func (s *SignIn) declineEmergency(w http.ResponseWriter, r *http.Request) {
	_, tx, err := s.Kit.Transaction(w, r, bridge.StepEmergency)
	if err == nil {
		err = s.Hub.Decline(r.Context(), tx)
	}
	if err != nil {
		s.gone(w, r, err)
		return
	}
	step := bridge.StepIssue
	if r.PostFormValue("offer") != "" { // nobody is signed in by the card
		step = bridge.StepAuthenticate
	}
	http.Redirect(w, r, s.step(tx, step), http.StatusSeeOther)
}
