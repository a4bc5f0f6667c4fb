package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// approvalFresh is how long after the proof a person may still approve: longer, and somebody else may sit there.
const approvalFresh = 2 * time.Minute

// stale reports whether that has passed.
func (p *Provider) stale(a approval) bool {
	return p.hub.Clock().Sub(a.next.Transaction.ProofAt) > approvalFresh
}

// approving is what a sign-on to approve remembers: which request it is for.
type approving struct {
	Kind      bridge.ArtifactKind `json:"later_kind"`
	Key       string              `json:"later_key"`
	Code      string              `json:"later_code,omitempty"`      // user code, sealed, to be shown again
	Confirmed bool                `json:"later_confirmed,omitempty"` // the person saw before the proof what it is for
}

// approval is a sign-on to approve, as a request of the browser finds it.
type approval struct {
	approving
	browser bridge.Browser
	next    bridge.Next
	request *decoupled
	client  *client
}

// beginApproval begins a sign-on to approve. It always asks for a new proof: a computer that somebody left open approves nothing.
func (p *Provider) beginApproval(w http.ResponseWriter, r *http.Request, d *decoupled, s approving) {
	state, err := json.Marshal(s)
	if err != nil {
		p.refusePage(w, r, d.Client, "", fmt.Errorf("oidc: write request: %w", err))
		return
	}
	change := slices.Contains(d.Scopes, scopeChangedRole)
	next, err := p.hub.Begin(r.Context(), p.kit.BindBrowser(w, r), bridge.Request{
		Partner: d.Client, Protocol: trust.OIDC, ForceAuthn: true, Contexts: p.contexts(d.ACR), Subject: d.UID,
		RoleNeeded: change || slices.Contains(d.Scopes, scopeSelectedRole), ChangeRole: change, Resume: p.at(approvePath), State: state,
	})
	if err != nil {
		p.refusePage(w, r, d.Client, next.Transaction.Ref, err)
		return
	}
	p.kit.Go(w, r, next)
}

// readApproving takes back what beginApproval stored.
func readApproving(tx bridge.Transaction) (approving, error) {
	var s approving
	if tx.Local || tx.Request.Protocol != trust.OIDC {
		return s, bridge.Refuse(bridge.TransactionGone, "This link is not valid.").WithCode("other_protocol")
	}
	if err := json.Unmarshal(tx.Request.State, &s); err != nil || s.Key == "" {
		return s, bridge.Refuse(bridge.TransactionGone, "This link is not valid.").WithCode("other_request").Because(err)
	}
	return s, nil
}

// approvalOf finds the sign-on of a request and asks the dispatcher. If it is elsewhere, or over, the browser has its answer.
func (p *Provider) approvalOf(w http.ResponseWriter, r *http.Request) (approval, bool) {
	b, tx, err := p.kit.Transaction(w, r, bridge.StepIssue)
	if err != nil {
		p.refusePage(w, r, "", tx.Ref, err)
		return approval{}, false
	}
	a := approval{browser: b}
	if a.approving, err = readApproving(tx); err == nil {
		a.request, err = p.undecided(r.Context(), a.Kind, a.Key)
	}
	if err == nil {
		a.client, err = p.partner(a.request.Client)
	}
	if err == nil {
		a.next, err = p.hub.Next(r.Context(), b, tx)
	}
	switch {
	case err != nil && tx.Cancelled && a.client != nil:
		p.hub.RefuseRequest(r.Context(), ledger.Refused, a.client.id, tx.Ref, err)
		p.showDecided(w, r, b, "", decidedPage{App: a.client.name, Cancelled: true, Back: p.backTo(a.request)})
	case err != nil:
		p.refusePage(w, r, tx.Request.Partner, tx.Ref, err)
	case a.next.Step != bridge.StepIssue:
		p.kit.Go(w, r, a.next)
	default:
		return a, true
	}
	return a, false
}

// backTo is the page from which a request is approved.
func (p *Provider) backTo(d *decoupled) string {
	if d.kind == kindCIBA {
		return p.at(approvalsPath)
	}
	return p.at(devicePath)
}

// resumeApproval takes over when the person has proved who they are and has a role. What they saw before is granted; of a device they
// are shown now what it asks for.
func (p *Provider) resumeApproval(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	a, ok := p.approvalOf(w, r)
	switch {
	case !ok:
	case a.Confirmed && p.stale(a): // it stood open, at the choice of a role perhaps
		p.beginApproval(w, r, a.request, a.approving)
	case a.Confirmed:
		p.grantApproval(w, r, a)
	default:
		p.confirmDevice(w, r, a)
	}
}

// grantApproval grants what was asked for. The outcome, the end of the sign-on and the line in the record are one commit.
func (p *Provider) grantApproval(w http.ResponseWriter, r *http.Request, a approval) {
	ctx, d, now := r.Context(), a.request, p.hub.Clock()
	next := a.next
	next.Wants = []string{}
	iss, err := p.hub.Allow(next)
	var writes []bridge.Write
	if err == nil {
		writes, err = d.decide(d.grantOf(p, a.client, iss), now)
	}
	if err == nil {
		event := ledger.Event{
			Time: now, Kind: ledger.AuthorizationGranted, Ref: iss.Ref, Tracking: iss.SessionID, Subject: iss.UID, Role: iss.Role.ID, Org: iss.Role.OrgCode,
			Partner: d.Client, Method: string(iss.Method), Peer: bridge.Peer(ctx), Detail: d.detail(),
		}
		err = p.hub.Deliver(ctx, iss, append(writes, bridge.Append{Event: event})...)
	}
	if err != nil {
		p.refusePage(w, r, d.Client, next.Transaction.Ref, err)
		return
	}
	p.decided(ctx, d)
	p.showDecided(w, r, a.browser, web.Who(iss.Person, iss.Role), decidedPage{App: a.client.name, Approved: true, Device: d.kind != kindCIBA, Back: p.backTo(d)})
}

// refuseApproval notes that a person refused. Nobody has to prove anything for that.
func (p *Provider) refuseApproval(ctx context.Context, d *decoupled, s bridge.Session) error {
	now := p.hub.Clock()
	writes, err := d.decide(nil, now)
	if err != nil {
		return err
	}
	event := ledger.Event{
		Time: now, Kind: ledger.AuthorizationRefused, Ref: bridge.Ref(ctx), Tracking: s.ID, Subject: s.UID, Partner: d.Client, Peer: bridge.Peer(ctx), Detail: d.detail(),
	}
	err = p.hub.Journal.Commit(ctx, append(writes, bridge.Append{Event: event})...)
	if errors.Is(err, bridge.ErrSpent) || errors.Is(err, bridge.ErrNotFound) {
		return errDecided().Because(err)
	}
	if err == nil {
		p.decided(ctx, d)
	}
	return err
}

// detail is what the record says of a decision: asked is the reference of the app's request.
func (d *decoupled) detail() map[string]string {
	return map[string]string{"protocol": string(trust.OIDC), "way": d.way(), "asked": d.Ref}
}

// decidedPage says what became of a request.
type decidedPage struct {
	App                         string
	Approved, Cancelled, Device bool
	Back                        string
}

func (p *Provider) showDecided(w http.ResponseWriter, r *http.Request, b bridge.Browser, who string, page decidedPage) {
	title := "You refused"
	switch {
	case page.Approved:
		title = "You approved"
	case page.Cancelled:
		title = "Nothing was approved"
	}
	p.kit.PageWho(w, r, b, who, "decided", title, page, web.PageOptions{})
}

// spokenScopes says in words what a scope tells of a person.
var spokenScopes = [...]struct{ scope, words string }{
	{scopeOpenID, "who you are, and how you signed in"},
	{"profile", "your name"},
	{"email", "your e-mail address"},
	{"nhsperson", "your name and identifier in the NHS directory"},
	{"nationalrbacaccess", "your role and what it may do"},
	{"associatedorgs", "the organisations you work for"},
	{scopeSelectedRole, "the role you act in"},
	{scopeChangedRole, "the role you choose for it"},
}

// spoken lists what scopes tell; one that has no words is named.
func spoken(scopes []string) []string {
	var out []string
	for _, s := range spokenScopes {
		if slices.Contains(scopes, s.scope) {
			out = append(out, s.words)
		}
	}
	for _, name := range scopes {
		if !slices.ContainsFunc(spokenScopes[:], func(s struct{ scope, words string }) bool { return s.scope == name }) {
			out = append(out, "what it calls "+name)
		}
	}
	return out
}
