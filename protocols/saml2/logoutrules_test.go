package saml2

import (
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/metadata"
	"github.com/lanyard-hub/lanyard/metadata/xmlsec"
)

// TestLogoutBySAMLCore lists what a partner is answered, by SOAP, for each way to name sessions (SAML Core 3.7.1, 3.7.3.2). The
// subject has two sessions, the partner was told of both; here is the first.
func TestLogoutBySAMLCore(t *testing.T) {
	type facts struct {
		name        string
		here, there string // indexes
	}
	for name, tc := range map[string]struct {
		subject     func(facts) string
		indexes     func(facts) []string
		wait        time.Duration
		attrs       string
		ended       int // of the two, before
		want        string
		here, there bool // lives afterwards
	}{
		"one index":                {indexes: func(f facts) []string { return []string{f.here} }, want: "Success/", there: true},
		"both indexes":             {indexes: func(f facts) []string { return []string{f.here, f.there} }, want: "Success/"},
		"the same index twice":     {indexes: func(f facts) []string { return []string{f.here, f.here} }, want: "Success/", there: true},
		"one known, one not":       {indexes: func(f facts) []string { return []string{"unknown", f.there} }, want: "Success/", here: true},
		"no index: all of them":    {want: "Success/"},
		"unknown index":            {indexes: func(facts) []string { return []string{"unknown"} }, want: "Requester/UnknownPrincipal", here: true, there: true},
		"empty index":              {indexes: func(facts) []string { return []string{""} }, want: "Requester/UnknownPrincipal", here: true, there: true},
		"somebody else's name":     {subject: func(facts) string { return jones }, indexes: func(f facts) []string { return []string{f.here} }, want: "Requester/UnknownPrincipal", here: true, there: true},
		"nobody's name":            {subject: func(facts) string { return "nobody" }, want: "Requester/UnknownPrincipal", here: true, there: true},
		"an idle session":          {indexes: func(f facts) []string { return []string{f.here} }, wait: time.Hour, want: "Success/", there: true},
		"in time":                  {attrs: "+1m", want: "Success/"},
		"too late":                 {attrs: "-4m", want: "Requester/RequestDenied", here: true, there: true},
		"an end that is no time":   {attrs: "soon", want: "Requester/RequestDenied", here: true, there: true},
		"ended before, by index":   {indexes: func(f facts) []string { return []string{f.here} }, ended: 1, want: "Success/", there: true},
		"ended before, no index":   {ended: 1, want: "Success/"},
		"all ended, by index":      {indexes: func(f facts) []string { return []string{f.here, f.there} }, ended: 2, want: "Success/"},
		"all ended, without index": {ended: 2, want: "Requester/UnknownPrincipal"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			here, there := w.browser(), w.browser()
			one := w.signOn(here, w.authn())
			w.now = w.now.Add(time.Second)
			two := w.signOn(there, w.authn())
			f := facts{one.nameID(), one.index(), two.index()}
			w.endLiving(tc.ended)
			w.now = w.now.Add(tc.wait)
			subject, indexes := f.name, []string(nil)
			if tc.subject != nil {
				subject = tc.subject(f)
			}
			if tc.indexes != nil {
				indexes = tc.indexes(f)
			}
			doc := w.logoutXML("_1", spID, "", subject, indexes...)
			if d, err := time.ParseDuration(tc.attrs); err == nil {
				doc = strings.Replace(doc, " Version=", ` NotOnOrAfter="`+w.now.Add(d).Format(instantLayout)+`" Version=`, 1)
			} else if tc.attrs != "" {
				doc = strings.Replace(doc, " Version=", ` NotOnOrAfter="`+tc.attrs+`" Version=`, 1)
			}
			if got := w.soapCodes(envelopedBy(t, doc, signing(keys().sp))); got != tc.want {
				t.Errorf("%s, want %s (%s)", got, tc.want, w.lastReason())
			}
			if a, b := w.sessionLives(here), w.sessionLives(there); a != tc.here || b != tc.there {
				t.Errorf("here lives: %v, there: %v", a, b)
			}
		})
	}
}

// endLiving signs out the oldest n sessions.
func (w *world) endLiving(n int) {
	w.t.Helper()
	ids, err := w.store.Overdue(w.t.Context(), w.now, time.Time{}, n)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, id := range ids {
		w.soap.answer = func(string, []byte) (int, []byte, error) { return 500, nil, nil }
		report, err := w.hub.Logout(w.t.Context(), id, bridge.LogoutCause{Reason: bridge.EndedByAdmin})
		if err != nil {
			w.t.Fatal(err)
		}
		for _, d := range report.Deliveries {
			if err := w.hub.Answered(w.t.Context(), d.Logout, d.ID, true); err != nil {
				w.t.Fatal(err)
			}
		}
	}
}

// soapCodes sends a message by SOAP and returns the status of the answer.
func (w *world) soapCodes(doc string) string {
	w.t.Helper()
	rec := w.postSOAP(envelope([]byte(doc)))
	inner, err := xmlsec.SOAPBody(rec.Body.Bytes(), xmlsec.MessageLimits())
	if err != nil {
		w.t.Fatalf("%v %s", err, rec.Body)
	}
	v, err := xmlsec.VerifyEnveloped(inner, xmlsec.MessageLimits(), hubKeys())
	if err != nil {
		w.t.Fatalf("%v %s", err, inner)
	}
	return codes(v.Root())
}

// TestBackChannelCannotReachTheBrowser: a partner that only a browser can tell makes the answer partial, and says so.
func TestBackChannelCannotReachTheBrowser(t *testing.T) {
	for binding, location := range map[string]string{metadata.BindingRedirect: "https://epr.example/slo", metadata.BindingPOST: "https://epr.example/slo"} {
		w := newWorld(t)
		w.withOther(metadata.Endpoint{Binding: binding, Location: location})
		b := w.browser()
		got := w.signOn(b, w.authn())
		w.signOn(b, w.authnOther())
		s, err := w.store.SessionByKey(t.Context(), bridge.Key(b.jar["__Host-lanyard-session"]))
		if err != nil {
			t.Fatal(err)
		}
		doc := envelopedBy(t, w.logoutXML("_1", spID, "", got.nameID(), got.index()), signing(keys().sp))
		if got := w.soapCodes(doc); got != "Success/PartialLogout" {
			t.Errorf("%s: %s", binding, got)
		}
		report, err := w.hub.Logout(t.Context(), s.ID, bridge.LogoutCause{})
		if err != nil {
			t.Fatal(err)
		}
		if d := w.front(report); d.State != bridge.DeliveryFront || d.FrontURL == "" || !d.Next.IsZero() {
			t.Errorf("%+v", d)
		}
	}
}

func TestReasonOfLogout(t *testing.T) {
	for reason, want := range map[bridge.EndReason]string{
		bridge.EndedByUser: reasonUser, bridge.EndedBySwitch: reasonUser, bridge.EndedByPartner: reasonUser, bridge.EndedByCard: reasonUser, bridge.EndedElsewhere: reasonUser, bridge.EndedByLock: reasonUser,
		bridge.EndedByAdmin: reasonAdmin, bridge.EndedBySuspension: reasonAdmin, bridge.EndedByRevocation: reasonAdmin,
		bridge.EndedByLimit: "", bridge.EndedByWaiting: "", "": "",
	} {
		if got := reasonOf(reason); got != want {
			t.Errorf("%s: %q", reason, got)
		}
	}
}
