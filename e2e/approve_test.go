package e2e

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

const waitingGrants = `, grants: [authorization_code, refresh_token, "urn:ietf:params:oauth:grant-type:device_code"`

// waiting is what an app is told when it begins to wait.
type waiting struct {
	UserCode string `json:"user_code"`
	URI      string `json:"verification_uri"`
	Complete string `json:"verification_uri_complete"`
	ID       string `json:"auth_req_id"`
	Expires  int    `json:"expires_in"`
	Interval int
}

// TestChromiumApproves: openid-client waits by device code and by CIBA, and a nurse with a security key approves and refuses in a
// browser of her own.
func TestChromiumApproves(t *testing.T) {
	h := startHub(t, "")
	till := libraryClient{Name: "till", ID: "till", Auth: "private_key_jwt", Alg: "ES256"}
	port := components.FreePort(t)
	till.Terms = waitingGrants + fmt.Sprintf(`, "urn:openid:params:grant-type:ciba"], ciba: { mode: ping, notification_endpoint: "http://app.localhost:%d/till/ping" }`, port)
	wall := libraryClient{Name: "wall", ID: "wall", Auth: "none", Alg: "ES256", Terms: waitingGrants + "]"}
	l := h.startLibraryAt(port, till, wall)
	app := h.newSurfer("")
	b := components.StartBrowser(t, components.BrowserConfig{Trust: []*components.CA{h.ca}})
	b.InsertKey(t)
	b.Open(t, strings.TrimSpace(h.run("people", "enrol", nurse)))
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "set up")

	asked := l.wait(app, "wall", "via=device")
	if asked.URI != h.issuer+"/device" || asked.Interval != 5 || asked.Expires != 600 {
		t.Errorf("device authorization response %+v", asked)
	}
	b.Open(t, asked.URI)
	b.SeeText(t, "h1", "Sign in on a device")
	b.Screenshot(t, "device")
	b.Type(t, "#user_code", strings.ToLower(strings.ReplaceAll(asked.UserCode, "-", "")))
	b.Follow(t, "main form button[type=submit]")
	b.SeeText(t, "main", "You are signing in to App wall")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "Is this your device?")
	b.SeeText(t, "main", asked.UserCode)
	b.Screenshot(t, "device-sure")
	b.Click(t, `button[value=approve]`)
	b.SeeText(t, "h1", "You approved")
	b.See(t, "main .button") // laid out
	b.Screenshot(t, "device-approved")
	if got := l.waited(app, "wall"); got.Refused != nil || got.Claims.Sub != nurse || got.Userinfo["name"] != "Ben Example" {
		t.Errorf("wall: %+v %+v", got, got.Refused)
	}

	asked = l.wait(app, "till", "via=ciba&binding_message=TILL-7&client_notification_token=let-me-know&login_hint="+nurse)
	b.Open(t, h.issuer+"/")
	b.SeeText(t, "main", "An app waits for your approval")
	b.Screenshot(t, "home-waiting")
	b.Click(t, `main a[href="/approvals"]`)
	b.SeeText(t, "main", "TILL-7")
	b.Screenshot(t, "approvals")
	b.Follow(t, `button[value=approve]`)
	b.SeeText(t, "h1", "Sign in") // once more: an open browser approves nothing
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "You approved")
	if got := l.waited(app, "till"); got.Refused != nil || got.Claims.Sub != nurse {
		t.Errorf("till: %+v %+v", got, got.Refused)
	}
	app.open(l.base + "/till/pinged")
	var pings []map[string]string
	if err := json.Unmarshal([]byte(app.body), &pings); err != nil || len(pings) != 1 || pings[0]["bearer"] != "Bearer let-me-know" || pings[0]["auth_req_id"] != asked.ID || pings[0]["type"] != "application/json" {
		t.Errorf("pinged %v %v", pings, err)
	}

	l.wait(app, "till", "via=ciba&client_notification_token=let-me-know&login_hint="+nurse)
	b.Open(t, h.issuer+"/approvals")
	b.Click(t, `button[value=refuse]`)
	b.SeeText(t, "h1", "You refused")
	if got := l.waited(app, "till"); got.Refused == nil || got.Refused.Error != "access_denied" {
		t.Errorf("refused: %+v", got)
	}
	app.open(l.base + "/till/wait?via=ciba&client_notification_token=x&login_hint=555000000000")
	if got := app.read(); got.Refused == nil || got.Refused.Error != "unknown_user_id" {
		t.Errorf("nobody: %+v", got.Refused)
	}
	for _, kind := range []string{"authorization_asked", "authorization_granted", "authorization_refused"} {
		if !strings.Contains(h.audit("--kind", kind), nurse) {
			t.Errorf("%s is not on record", kind)
		}
	}

	b.Open(t, h.issuer+"/signout")
	b.Click(t, `form[action="/signout"] button`)
	b.SeeText(t, "main", "You are signed out everywhere")
	app.open(l.base + "/wall/refresh")
	if got := app.read(); got.Refused == nil || got.Refused.Error != "invalid_grant" {
		t.Errorf("a device outlives the session that approved it: %+v", got)
	}
}

// wait has an app begin to wait.
func (l library) wait(s *surfer, name, query string) waiting {
	s.t.Helper()
	s.open(l.base + "/" + name + "/wait?" + query)
	var out waiting
	if err := json.Unmarshal([]byte(s.body), &out); err != nil || out.UserCode+out.ID == "" {
		s.fail("%s does not wait: %v", name, err)
	}
	return out
}

// waited is what came of it, once something has.
func (l library) waited(s *surfer, name string) told {
	s.t.Helper()
	s.open(l.base + "/" + name + "/waited")
	return s.read()
}

// asker registers an app that has no browser, and returns what asks for it.
func (h *hub) asker() func(path string, pairs ...string) waiting {
	h.write("wall.secret", "a secret of more than twenty-four letters")
	h.apply("wall", `partner: wall
name: Wall screen of ward 7
protocol: oidc
stage: live
release: [{ set: cis2 }]
oidc: { auth: client_secret_post, secret_file: wall.secret, scopes: [openid, profile, selectedrole], grants: ["urn:ietf:params:oauth:grant-type:device_code", "urn:openid:params:grant-type:ciba"] }
`)
	return func(path string, pairs ...string) waiting {
		h.t.Helper()
		form := url.Values{"client_id": {"wall"}, "client_secret": {"a secret of more than twenty-four letters"}, "scope": {"openid profile selectedrole"}}
		for i := 0; i+1 < len(pairs); i += 2 {
			form.Set(pairs[i], pairs[i+1])
		}
		s := h.newSurfer("")
		s.do("POST", h.issuer+path, form)
		var out waiting
		if err := json.Unmarshal([]byte(s.body), &out); err != nil || s.status != 200 {
			s.fail("%s: %v", path, err)
		}
		return out
	}
}

// asksApproval has an app wait for a person.
func (h *hub) asksApproval(uid string) {
	h.asker()("/oidc/backchannel_authentication", "login_hint", uid, "binding_message", "WARD-7 BED-3")
}

// lookAtApprovals walks past the pages on which somebody approves for an app that waits elsewhere.
func (h *hub) lookAtApprovals(l lens, b *components.Browser) {
	t := h.t
	ask := h.asker()
	device := ask("/oidc/device_authorization")
	b.Open(t, h.issuer+"/device")
	b.SeeText(t, "h1", "Sign in on a device")
	l.look("device")
	b.Type(t, "#user_code", "BCDFGHJK")
	b.Click(t, "main form button[type=submit]")
	b.SeeText(t, "main", "There is a problem")
	l.look("device-problem")
	b.Open(t, device.Complete)
	b.SeeText(t, "main", "Is this the code")
	l.look("device-code")
	b.Follow(t, "main form button[type=submit]")
	b.SeeText(t, "h1", "Sign in")
	b.Click(t, "#way-key button[type=submit]")
	b.SeeText(t, "h1", "Is this your device?")
	l.look("device-sure")
	b.Click(t, "button[value=approve]")
	b.SeeText(t, "h1", "You approved")
	l.look("device-approved")
	b.Open(t, h.issuer+"/approvals")
	b.SeeText(t, "main", "No app waits")
	l.look("approvals-none")
	ask("/oidc/backchannel_authentication", "login_hint", receptionist, "binding_message", "WARD-7 BED-3")
	ask("/oidc/backchannel_authentication", "login_hint", receptionist)
	b.Open(t, h.issuer+"/")
	b.SeeText(t, "main", "2 apps wait for your approval")
	l.look("home-waiting")
	b.Open(t, h.issuer+"/approvals")
	b.SeeText(t, "main", "WARD-7 BED-3")
	l.look("approvals")
	b.Click(t, ".way button[value=approve]")
	b.SeeText(t, "h1", "Sign in")
	b.Click(t, "form.cancel button")
	b.SeeText(t, "h1", "Nothing was approved")
	l.look("approval-cancelled")
	b.Open(t, h.issuer+"/approvals")
	b.Click(t, ".way button[value=refuse]")
	b.SeeText(t, "h1", "You refused")
	l.look("approval-refused")
}
