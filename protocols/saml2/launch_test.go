package saml2

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const target = "https://pas.example/ward?bay=4"

func TestLaunch(t *testing.T) {
	w := newWorld(t)
	w.change(func(p *trust.Partner) { p.SAML.LaunchTargets = []string{target} })
	b := w.browser()
	link := LaunchPath + "?providerId=" + url.QueryEscape(spID) + "&target=" + url.QueryEscape(target)
	got := w.read(b.get(link))
	if got.top != "Success" || got.to != spACS || got.relay == nil || *got.relay != target || got.nameID() != patel {
		t.Errorf("%+v", got)
	}
	for _, e := range []string{attr(got.root, "InResponseTo"), attr(descend(got.assertion, "Subject", "SubjectConfirmation", "SubjectConfirmationData"), "InResponseTo")} {
		if e != "" {
			t.Errorf("answers %q", e)
		}
	}
	again := w.read(b.get(link)) // a link may be followed twice: each time an answer of its own
	if attr(again.root, "ID") == attr(got.root, "ID") || w.count(ledger.SignedIn) != 1 {
		t.Errorf("%s", again.raw)
	}
	if got := w.read(b.get(link + "&shire=" + url.QueryEscape(spACS+"/second"))); got.to != spACS+"/second" {
		t.Errorf("to %s", got.to)
	}
	if got := w.read(b.get(LaunchPath + "?providerId=" + url.QueryEscape(spID))); got.relay != nil {
		t.Errorf("relay %v", got.relay)
	}
}

// TestLaunchRefused is row 119 in full: off by default, registered targets alone, and the partner is sent nothing that it has not asked for.
func TestLaunchRefused(t *testing.T) {
	on := func(p *trust.Partner) { p.SAML.LaunchTargets = []string{target} }
	for name, c := range map[string]struct {
		change func(*trust.Partner)
		query  string
		code   string
	}{
		"off by default":        {func(*trust.Partner) {}, "providerId=" + url.QueryEscape(spID), "launch_off"},
		"target of a stranger":  {on, "providerId=" + url.QueryEscape(spID) + "&target=https%3A%2F%2Fevil.example%2F", "launch_target"},
		"longer target":         {on, "providerId=" + url.QueryEscape(spID) + "&target=" + url.QueryEscape(target+"/x"), "launch_target"},
		"empty target":          {on, "providerId=" + url.QueryEscape(spID) + "&target=", "launch_target"},
		"two targets":           {on, "providerId=" + url.QueryEscape(spID) + "&target=" + url.QueryEscape(target) + "&target=x", "launch"},
		"address of a stranger": {on, "providerId=" + url.QueryEscape(spID) + "&shire=https%3A%2F%2Fevil.example%2F", "bad_reply_address"},
		"unknown partner":       {on, "providerId=https%3A%2F%2Fevil.example", "unknown_partner"},
		"no partner":            {on, "", "unknown_partner"},
		"bad escape":            {on, "providerId=%zz", "launch"},
		"metadata too old": {func(p *trust.Partner) {
			on(p)
			p.SAML.Entity.ValidUntil = time.Date(2026, 11, 23, 8, 57, 0, 0, time.UTC)
		}, "providerId=" + url.QueryEscape(spID), "metadata_expired"},
		"partner suspended": {func(p *trust.Partner) {
			on(p)
			p.Stage = trust.SuspendedAt
		}, "providerId=" + url.QueryEscape(spID), "partner_suspended"},
		"no address left": {func(p *trust.Partner) {
			on(p)
			p.SAML.Entity.SP.ACS = []metadata.IndexedEndpoint{{Binding: metadata.BindingPAOS, Location: "https://pas.example/paos"}}
		}, "providerId=" + url.QueryEscape(spID), "no_acs"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.change(c.change)
			rec := w.browser().get(LaunchPath + "?" + c.query)
			want := http.StatusBadRequest
			if c.code == "metadata_expired" || c.code == "partner_suspended" {
				want = http.StatusForbidden
			}
			if _, ok := readPage(rec); ok || rec.Code != want || w.lastReason() != c.code || w.count(ledger.Issued) != 0 {
				t.Errorf("%d %s", rec.Code, w.lastReason())
			}
		})
	}
	w := newWorld(t)
	w.keyboard = ""
	w.change(on)
	if _, ok := readPage(w.browser().get(LaunchPath + "?providerId=" + url.QueryEscape(spID))); ok {
		t.Error("the partner was sent a refusal of what it never asked for")
	}
}
