package oidc

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// TestLaunchRefused: a launch works once, for its app, in its session, in its time, while the record system may launch the app. Whatever
// is wrong, the answer is the same, holds nothing of the context, and the launch is no worse for it where it was good for somebody else.
func TestLaunchRefused(t *testing.T) {
	for name, c := range map[string]struct {
		app   string
		do    func(w *world, b *browser, launch string) (*browser, string)
		spoil bool // the launch is good no more
	}{
		"unknown":  {app: chart, do: func(_ *world, b *browser, _ string) (*browser, string) { return b, strings.Repeat("A", 43) }},
		"too long": {app: chart, do: func(_ *world, b *browser, _ string) (*browser, string) { return b, strings.Repeat("A", 4000) }},
		"of another app that it may launch too": {app: other, do: func(w *world, b *browser, launch string) (*browser, string) {
			w.change(ehr, func(p *trust.Partner) { p.OIDC.Smart.Launches = []string{chart, other} })
			return b, launch
		}},
		"of another app": {app: other, do: func(_ *world, b *browser, launch string) (*browser, string) { return b, launch }},
		"other session":  {app: chart, do: func(w *world, _ *browser, launch string) (*browser, string) { return w.browser(), launch }},
		"other person": {app: chart, do: func(w *world, _ *browser, launch string) (*browser, string) {
			w.uid, w.role = clerk, "100000000009"
			return w.browser(), launch
		}},
		"used":    {app: chart, spoil: true, do: func(w *world, b *browser, launch string) (*browser, string) { b.start(chart, launch); return b, launch }},
		"expired": {app: chart, spoil: true, do: func(w *world, b *browser, launch string) (*browser, string) { w.advance(launchLife); return b, launch }},
		"taken back": {app: chart, spoil: true, do: func(w *world, b *browser, launch string) (*browser, string) {
			w.change(ehr, func(p *trust.Partner) { p.OIDC.Smart.Launches = []string{other} })
			return b, launch
		}},
		"system suspended": {app: chart, spoil: true, do: func(w *world, b *browser, launch string) (*browser, string) {
			w.change(ehr, func(p *trust.Partner) { p.Stage = trust.SuspendedAt })
			return b, launch
		}},
		"session ended": {app: chart, spoil: true, do: func(w *world, b *browser, launch string) (*browser, string) {
			_, err := w.hub.Logout(context.Background(), w.events(0)[0].Tracking, logoutCause{Reason: "admin"})
			must(w.t, err)
			return b, launch
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWard(t)
			b := w.browser()
			launch := w.launchOf(w.working(b))
			from, shown := c.do(w, b, launch)
			got := from.start(c.app, shown)
			if got.query("error") != "invalid_request" || got.query("code") != "" || !strings.HasPrefix(got.query("error_description"), "launch is not known for this app and this session") || got.query("state") == "" {
				t.Fatalf("%d %v", got.status, got.to)
			}
			if strings.Contains(got.to.String()+got.body, "p-1") {
				t.Error("the patient leaks")
			}
			if w.reason() != "launch" {
				t.Errorf("recorded as %s", w.reason())
			}
			w.uid, w.role = nurse, roleOne
			if code := b.start(chart, launch).query("code"); (code == "") != c.spoil {
				t.Errorf("afterwards the launch gives %q", code)
			}
		})
	}
}

// TestLaunchForOneServer: a launch that names its FHIR server is good for tokens for that one alone.
func TestLaunchForOneServer(t *testing.T) {
	w := newWard(t)
	w.enlist("archive", nil, func(d *trust.OIDCDocument) { d.Resource = []string{"https://archive.rx1.example/r4"} })
	w.change(chart, func(p *trust.Partner) { p.OIDC.Tokens.ResourceServers = []string{fhir, "archive"} })
	b := w.browser()
	launch := w.launchOf(w.working(b), "iss", fhirBase)
	if got := b.start(chart, launch, "aud", "https://archive.rx1.example/r4"); got.query("error") != "invalid_request" {
		t.Errorf("another FHIR server: %v", got.to)
	}
	if got := b.start(chart, launch); got.query("code") == "" {
		t.Errorf("the right one: %v", got.to)
	}
}

// TestLaunchRace: of many sign-ons with one launch at once, one gets a code.
func TestLaunchRace(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	launch := w.launchOf(w.working(b))
	b.start(chart, "") // the browser has all its cookies
	codes := make(chan string, 8)
	for range cap(codes) {
		go func() { codes <- b.start(chart, launch).query("code") }()
	}
	won := 0
	for range cap(codes) {
		if <-codes != "" {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d sign-ons got the context", won)
	}
}

// TestGiveRefused lists what no context is taken for.
func TestGiveRefused(t *testing.T) {
	w := newWard(t)
	b := w.browser()
	sid := w.working(b)
	set := w.tokens(w.redeem(chart, b.code(chart)))
	chartID, _ := w.verified(set.ID)
	good := []string{"app", chart, "sid", sid, "patient", "p-1"}
	for name, c := range map[string]struct {
		pairs  []string
		reason string
	}{
		"no app":                {[]string{"app", ""}, "launch_context"},
		"app and session":       {[]string{"for", "session"}, "launch_context"},
		"for something else":    {[]string{"for", "ever"}, "launch_context"},
		"app of no terms":       {[]string{"app", other}, "launch_app"},
		"app that is not there": {[]string{"app", "nobody"}, "launch_app"},
		"no session":            {[]string{"sid", ""}, "launch_session"},
		"unknown sid":           {[]string{"sid", "x"}, "launch_session"},
		"sid of another client": {[]string{"sid", chartID["sid"].(string)}, "launch_session"},
		"token of another":      {[]string{"sid", "", "access_token", set.Access}, "launch_session"},
		"both":                  {[]string{"access_token", set.Access}, "launch_session"},
		"no token":              {[]string{"sid", "", "access_token", "x"}, "launch_session"},
		"patient as URL":        {[]string{"patient", "https://fhir/Patient/1"}, "launch_context"},
		"patient too long":      {[]string{"patient", strings.Repeat("1", 65)}, "launch_context"},
		"encounter":             {[]string{"encounter", "a b"}, "launch_context"},
		"banner":                {[]string{"need_patient_banner", "yes"}, "launch_context"},
		"style":                 {[]string{"smart_style_url", "javascript:alert(1)"}, "launch_context"},
		"style on http":         {[]string{"smart_style_url", "http://a.example/s"}, "launch_context"},
		"intent":                {[]string{"intent", strings.Repeat("x", 257)}, "launch_context"},
		"tenant":                {[]string{"tenant", "a\x00"}, "launch_context"},
		"no time":               {[]string{"expires_in", "0"}, "launch_context"},
		"negative time":         {[]string{"expires_in", "-5"}, "launch_context"},
		"foreign FHIR server":   {[]string{"iss", "https://evil.example"}, "invalid_target"},
		"context no array":      {[]string{"fhirContext", `{"reference":"a/1"}`}, "launch_context"},
		"context of nothing":    {[]string{"fhirContext", `[{"type":"Observation"}]`}, "launch_context"},
		"context of more":       {[]string{"fhirContext", `[{"reference":"a/1","x":1}]`}, "launch_context"},
		"context twice":         {[]string{"fhirContext", `[] []`}, "launch_context"},
		"context of text":       {[]string{"fhirContext", `[{"identifier":"x"}]`}, "launch_context"},
		"context too long":      {[]string{"fhirContext", `[{"reference":"` + strings.Repeat("x", 1024) + `"}]`}, "launch_context"},
	} {
		_, got := w.give(append(append([]string{}, good...), c.pairs...)...)
		if got.status != http.StatusBadRequest || w.reason() != c.reason {
			t.Errorf("%s: %d %s, recorded as %s", name, got.status, got.body, w.reason())
		}
	}
	if _, got := w.give(good...); got.status != http.StatusCreated {
		t.Fatalf("good: %d %s", got.status, got.body)
	}
	if answer, _ := w.give(append(good, "expires_in", "86400")...); answer.Expires != int64(maxLaunchLife/time.Second) {
		t.Errorf("a launch lives %d s", answer.Expires)
	}
	for client, want := range map[string]string{chart: "unauthorized_client", "basic": "unauthorized_client"} {
		if got := w.call(launchPath, client, url.Values{"app": {chart}, "sid": {sid}}); got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
			t.Errorf("%s: %d %s", client, got.status, got.body)
		}
	}
	r := w.prepare(launchPath, ehr, url.Values{"app": {chart}, "sid": {sid}})
	r.SetBasicAuth(ehr, "wrong")
	if got := w.send(r); got.status != http.StatusUnauthorized {
		t.Errorf("wrong secret: %d", got.status)
	}
	w.advance(13 * time.Hour)
	if _, got := w.give(good...); got.status != http.StatusBadRequest || w.reason() != "launch_session" {
		t.Errorf("a session that is over: %d %s", got.status, got.body)
	}
}

// TestLaunchIsOneCommit: the context, its place in the record and the mark of an assertion are written together or not at all.
func TestLaunchIsOneCommit(t *testing.T) {
	w := newWard(t)
	sid := w.working(w.browser())
	counted := &countedJournal{Journal: w.store}
	w.hub.Journal = counted
	w.launchOf(sid)
	if counted.commits != 1 {
		t.Errorf("%d commits", counted.commits)
	}
	w.hub.Journal = brokenJournal{}
	if _, got := w.give("app", chart, "sid", sid); got.status != http.StatusServiceUnavailable {
		t.Errorf("a store that does not answer: %d %s", got.status, got.body)
	}
}

// FuzzLaunch: whatever a record system sends, what is stored of it is well formed and small.
func FuzzLaunch(f *testing.F) {
	for _, seed := range []string{
		`{"patient":"p-1","fhirContext":[{"reference":"a/1"}],"need_patient_banner":true}`, `{"patient":1}`, `{"fhirContext":"[{\"canonical\":\"x\"}]"}`, `{"a":{"b":[]}}`, `{`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := jsonForm([]byte(body))
		if err != nil {
			if bridge.AsRefusal(err).Reason != bridge.BadRequest {
				t.Errorf("%v", err)
			}
			return
		}
		l, why := readContext(form)
		if why != nil {
			return
		}
		claims := map[string]any{}
		l.into(claims, []string{trust.ScopeLaunch})
		for name, v := range claims {
			if text, ok := v.(string); ok && (len(text) > maxLaunchText || strings.ContainsAny(text, "\x00\r\n")) {
				t.Errorf("%s is %q", name, text)
			}
		}
		if len(l.FHIR) > 2*maxFHIRContext*6 || l.Patient != "" && !resourceID(l.Patient) {
			t.Errorf("%+v", l)
		}
	})
}
