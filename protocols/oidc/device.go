package oidc

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

const fieldUserCode = "user_code" // RFC 8628, section 3.3.1

// codePage is where a person types the code that a device shows.
type codePage struct {
	Action string
	Code   string // as it was sent along or typed
	Sent   bool   // the code came with the link: it has to be compared
	Error  string
}

// devicePage shows the form. A code in the link is only filled in: a link does nothing by itself (RFC 8628, section 3.3.1).
func (p *Provider) devicePage(w http.ResponseWriter, r *http.Request) {
	b := p.kit.BindBrowser(w, r)
	page := codePage{Action: p.at(devicePath)}
	if code := readUserCode(r.URL.Query().Get(fieldUserCode)); code != "" {
		page.Code, page.Sent = printUserCode(code), true
	}
	p.showDevice(w, r, b, page)
}

func (p *Provider) showDevice(w http.ResponseWriter, r *http.Request, b bridge.Browser, page codePage) {
	who := ""
	if s, person, err := p.hub.Live(r.Context(), b); err == nil {
		role, _ := person.OpenRole(s.RoleID, p.hub.Clock())
		who = web.Who(person, role)
	}
	o := web.PageOptions{FormAction: []string{p.kit.CardOrigin}}
	if page.Error != "" {
		o.Status = http.StatusUnprocessableEntity
	}
	p.kit.PageWho(w, r, b, who, "device", "Sign in on a device", page, o)
}

// enterCode looks a user code up and begins a sign-on to approve what it stands for. Wrong codes are recorded, and counted for
// browser and peer: 20^8 codes of which few live would be tried out otherwise (RFC 8628, section 5.1).
func (p *Provider) enterCode(w http.ResponseWriter, r *http.Request) {
	if err := p.kit.CheckCSRF(r); err != nil {
		p.kit.Refuse(w, r, err)
		return
	}
	b, now := p.kit.Browser(r), p.hub.Clock()
	browser, peer := "b "+bridge.Key(b.Binding), "p "+web.Network(bridge.Peer(r.Context())).String()
	if p.later.wrongCodes.over(browser, triesBrowser, now) || p.later.wrongCodes.over(peer, triesPeer, now) {
		p.refusePage(w, r, "", "", bridge.Refuse(bridge.Throttled, "Too many codes were wrong. Wait ten minutes, then start again at the device.").WithCode("user_code_tries"))
		return
	}
	typed := r.PostFormValue(fieldUserCode)
	code := readUserCode(typed)
	d, err := p.byUserCode(r, code)
	if err != nil {
		p.refusePage(w, r, "", "", err)
		return
	}
	if d == nil {
		if code != "" { // what cannot be a code is no try
			p.later.wrongCodes.wrong(browser, now)
			p.later.wrongCodes.wrong(peer, now)
			why := p.hub.RefuseRequest(r.Context(), ledger.Refused, "", bridge.Ref(r.Context()), bridge.Refuse(bridge.UnsupportedRequest, "No device waits with this code.").WithCode("user_code_unknown"))
			if why.Reason != bridge.UnsupportedRequest {
				p.kit.Refuse(w, r, why)
				return
			}
		}
		p.showDevice(w, r, b, codePage{Action: p.at(devicePath), Code: web.Plain(typed), Error: "No device waits with this code. Compare it with the one on the device: 8 letters. If it is the same, it has expired: start again at the device."})
		return
	}
	sealed, err := p.sealer.seal(sealUserCode, code)
	if err != nil {
		p.refusePage(w, r, d.Client, "", err)
		return
	}
	p.beginApproval(w, r, d, approving{Kind: d.kind, Key: d.key, Code: sealed})
}

// byUserCode finds the request that a user code stands for, if it waits; nil if none does.
func (p *Provider) byUserCode(r *http.Request, code string) (*decoupled, error) {
	if code == "" {
		return nil, nil //nolint:nilnil // nothing was found, which is no error
	}
	a, err := p.hub.Artifacts.Get(r.Context(), kindUserCode, p.userCodeKey(code), p.hub.Clock())
	if errors.Is(err, bridge.ErrNotFound) {
		return nil, nil //nolint:nilnil // the same
	}
	if err != nil {
		return nil, err
	}
	var ref userCodeRef
	if err := json.Unmarshal(a.Payload, &ref); err != nil {
		return nil, fmt.Errorf("oidc: read user code: %w", err)
	}
	d, err := p.undecided(r.Context(), ref.Kind, ref.Key)
	if why := (*bridge.Refusal)(nil); errors.As(err, &why) {
		return nil, nil //nolint:nilnil // it waits no more
	}
	return d, err
}

// confirmDevicePage asks a person whether the device is theirs (RFC 8628, section 5.4).
type confirmDevicePage struct {
	Action, Tx, V string
	App, Code     string
	Asked, From   string
	Told          []string
}

func (p *Provider) confirmDevice(w http.ResponseWriter, r *http.Request, a approval) {
	var code string
	p.sealer.open(sealUserCode, a.Code, &code)
	if readUserCode(code) == "" {
		p.refusePage(w, r, a.request.Client, a.next.Transaction.Ref, bridge.Refuse(bridge.TransactionGone, "This link is not valid.").WithCode("other_request"))
		return
	}
	next := a.next
	next.Wants = []string{}
	iss, err := p.hub.Allow(next) // what the terms do not allow is said before anybody approves
	if err != nil {
		p.refusePage(w, r, a.request.Client, next.Transaction.Ref, err)
		return
	}
	id := next.Transaction.ID
	p.kit.PageWho(w, r, a.browser, web.Who(iss.Person, iss.Role), "devicesure", "Is this your device?", confirmDevicePage{
		Action: p.at(approvePath), Tx: id, V: p.hub.StepMAC(id, bridge.StepIssue), App: a.client.name, Code: printUserCode(code),
		Asked: p.kit.Time(time.Unix(a.request.Asked, 0)), From: a.request.Peer, Told: spoken(a.client.allowed(a.request.Scopes)),
	}, web.PageOptions{})
}

// answerDevice takes the answer of that page. A proof that is some minutes old is asked for again.
func (p *Provider) answerDevice(w http.ResponseWriter, r *http.Request) {
	noStore(w)
	if err := p.kit.CheckCSRF(r); err != nil {
		p.kit.Refuse(w, r, err)
		return
	}
	a, ok := p.approvalOf(w, r)
	if !ok {
		return
	}
	answer := r.PostFormValue("answer")
	switch {
	case answer == "approve" && p.stale(a):
		p.beginApproval(w, r, a.request, a.approving)
	case answer == "approve":
		p.grantApproval(w, r, a)
	case answer == "refuse":
		if err := p.refuseApproval(r.Context(), a.request, a.next.Session); err != nil {
			p.refusePage(w, r, a.request.Client, "", err)
			return
		}
		p.showDecided(w, r, a.browser, "", decidedPage{App: a.client.name, Device: true, Back: p.at(devicePath)})
	default:
		p.confirmDevice(w, r, a)
	}
}
