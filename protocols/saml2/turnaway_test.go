package saml2

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// Systems that are not admitted are told by a SOAP fault; browsers, whose routes have no form of their own, by a page.
func TestTurnedAway(t *testing.T) {
	p := newWorld(t).p
	for _, route := range append(p.Routes(), p.ECPRoute()) {
		speaksSOAP := strings.Contains(" saml2_slo_soap saml2_artifact saml2_attributes saml2_ecp ", " "+route.Name+" ")
		if (route.TurnAway != nil) != speaksSOAP {
			t.Errorf("%s: own form %v", route.Name, route.TurnAway != nil)
		}
		if route.Name == "saml2_ecp" && route.Class != web.SignOn {
			t.Errorf("a stranger's new sign-on goes before those in progress: class %d", route.Class)
		}
		if route.TurnAway == nil {
			continue
		}
		for reason, status := range map[bridge.Reason]int{bridge.Throttled: http.StatusTooManyRequests, bridge.Unavailable: http.StatusServiceUnavailable} {
			rec := httptest.NewRecorder()
			route.TurnAway(rec, httptest.NewRequest(route.Method, route.Path, nil), bridge.Refuse(reason, "Later.").WithCode("busy"))
			if rec.Code != status || !strings.HasPrefix(rec.Header().Get("Content-Type"), "text/xml") ||
				!strings.Contains(rec.Body.String(), "<faultcode>soap:Server</faultcode><faultstring>Later.</faultstring>") {
				t.Errorf("%s: %d %v %s", route.Name, rec.Code, rec.Header(), rec.Body)
			}
		}
	}
}

// full is a store without room for one more sign-on.
type full struct{ bridge.Journal }

// Commit implements bridge.Journal.
func (f full) Commit(ctx context.Context, writes ...bridge.Write) error {
	for _, w := range writes {
		if a, ok := w.(bridge.PutArtifact); ok && a.Artifact.Kind == bridge.KindTransaction {
			return bridge.Refuse(bridge.Throttled, "Too many.").WithCode("throttled_pending")
		}
	}
	return f.Journal.Commit(ctx, writes...)
}

// A person for whom there is no room is told by us, when to come back too: a partner could only show an error.
func TestNoRoomForASignOn(t *testing.T) {
	w := newWorld(t)
	w.hub.Journal = full{w.hub.Journal}
	rec := w.browser().get(SSOPath + "?" + redirectQuery(t, "SAMLRequest", w.authn().xml(), ""))
	if _, posts := readPage(rec); posts || rec.Code != http.StatusTooManyRequests || rec.Header().Get("Retry-After") == "" || w.lastReason() != "throttled_pending" {
		t.Errorf("%d, posts %v, recorded %q", rec.Code, posts, w.lastReason())
	}
}
