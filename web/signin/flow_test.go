package signin

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/trust/people"
)

func TestSignInWithCardAndRole(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	b.get("/front/start?partner=board").want(http.StatusOK, "Sign in", "Ward Whiteboard", "Use your security key", "Use your smartcard", "Choose a persona")
	b.submit("/signin/card").want(http.StatusOK, "Choose your role", "General Medical Practitioner", "Nurse Access Role", "Queen Square Hospital", "(RX1)", "Ward 1", "Dr Asha Patel")
	b.submit("/role", "role", "555123456702").want(http.StatusOK, "app told: uid="+asha+" role=555123456702")
	b.get("/front/start?partner=strong").want(http.StatusOK, "app told: uid="+asha)
	if got := w.events(ledger.RoleChosen); len(got) != 1 || got[0].Role != "555123456702" {
		t.Errorf("role events %+v", got)
	}
	// A day later, on the same workstation: the card comes first, and the same role is chosen already.
	w.wait(20 * time.Hour)
	b.get("/front/start?partner=board").want(http.StatusOK, "Your session reached its limit of 12 hours")
	if i, j := strings.Index(b.body, `id="way-card"`), strings.Index(b.body, `id="way-key"`); i < 0 || i > j {
		t.Error("the smartcard, used last here, does not come first")
	}
	b.submit("/signin/card").want(http.StatusOK, "Used last on this computer", `value="555123456702" checked`)
}

func TestSignInWithKeyAndOneRole(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/front/start?partner=board").signInWithKey(sam).want(http.StatusOK, "app told: uid="+sam+" role=555123456703")
	if got := w.events(ledger.SignedIn); len(got) != 1 || got[0].Method != string(bridge.MethodFIDO2) {
		t.Errorf("sign-in events %+v", got)
	}
}

func TestRolePage(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(many)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "Find a role", "Ward Whiteboard is not for this role.", "Not for this app.")
	page := b.url
	b.submit("/role").want(http.StatusUnprocessableEntity, "There is a problem", "Choose one of your roles.")
	b.get(page).submit("/role", "role", "555123456716").want(http.StatusUnprocessableEntity, "That role cannot be used")
	b.get(page+"&filter=pharm").want(http.StatusOK, "Pharmacist").lacks("Midwife")
	b.get(page+"&filter=xyz").want(http.StatusOK, "No role fits", "Show all 7 roles")
	b.get(page).submit("/role", "role", "555123456701").want(http.StatusForbidden, "not one of yours") // of somebody else
	b.get(page).submit("/role", "role", "555123456712").want(http.StatusOK, "role=555123456712")
}

func TestNoRoleReturnsToTheApp(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(none)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusForbidden, "You have no role you can use for Ward Whiteboard", "ra@queen.example", "no_role")
	b.click("Return to Ward Whiteboard").want(http.StatusOK, "app told: no_role")
	if got := w.events(ledger.Refused); len(got) != 1 || got[0].Reason != "no_role" {
		t.Errorf("refusals %+v", got)
	}
}

func TestCancel(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/front/start?partner=board")
	page := b.url
	b.submit("/signin/cancel").want(http.StatusOK, "app told: cancelled")
	b.get(page).want(http.StatusUnauthorized, "You cancelled the sign-in", "Return to Ward Whiteboard")
	b.get("/signin").submit("/signin/cancel").want(http.StatusOK, "Nobody is signed in")
}

func TestOtherWayAfterTooWeakProof(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/front/start?partner=board").signInWithKey(sam).want(http.StatusOK, "app told")
	b.insert(sam).get("/front/start?partner=strong").want(http.StatusOK, "Medicines Cabinet needs a stronger way", "Sam O&#39;Neill")
	b.submit("/signin/card").want(http.StatusOK, "app told: uid="+sam)
}

func TestFirstPage(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(asha)
	b.get("/").want(http.StatusOK, "Nobody is signed in").click("Sign in").want(http.StatusOK, "Use your smartcard")
	b.submit("/signin/card").want(http.StatusOK, "Choose your role").submit("/role", "role", "555123456701").want(http.StatusOK, "Your apps", "Dr Asha Patel", "General Medical Practitioner", "Queen Square Hospital (RX1)", "https://board.example/")
	b.submit("/role/change").want(http.StatusOK, "keep your old role", "You are in this role now").submit("/role", "role", "555123456702").want(http.StatusOK, "Your apps", "Nurse Access Role")
	w.wait(16 * time.Minute)
	b.get("/").want(http.StatusOK, "This computer was not used for 15 minutes")
	one := w.browser().insert(sam)
	one.get("/signin").submit("/signin/card").want(http.StatusOK, "Your apps", "Nurse Access Role").lacks("Change role")
	w.browser().insert(none).get("/signin").submit("/signin/card").want(http.StatusOK, "Your apps", "You have no open role")
}

func TestSwitchUser(t *testing.T) {
	w := newWorld(t)
	b := w.browser().insert(sam)
	b.get("/front/start?partner=board").submit("/signin/card").want(http.StatusOK, "app told")
	b.get("/").submit("/switch").want(http.StatusOK, "You are signed out everywhere", "Sign in as someone else")
	b.insert(asha).click("Sign in as someone else").submit("/signin/card").submit("/role", "role", "555123456701").want(http.StatusOK, "Dr Asha Patel").lacks("Sam")
	if got := w.events(ledger.SessionEnded); len(got) != 1 || got[0].Reason != "user_switch" || got[0].Subject != sam {
		t.Errorf("ends %+v", got)
	}
}

func TestEnrolCard(t *testing.T) {
	w := newWorld(t)
	token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.get("/enrol/"+token).want(http.StatusOK, "Sam O&#39;Neill", "Queen Square Hospital", "Register a security key", "Register a smartcard")
	b.submit("/enrol/"+token+"/card").want(http.StatusUnauthorized, "No smartcard was read")
	b.insert("new card").click("Try again").submit("/enrol/"+token+"/card").want(http.StatusOK, "You are set up", "Your smartcard")
	a, err := w.store.Authenticator(t.Context(), people.Smartcard, "aa:new card")
	if err != nil || a.UID != sam || a.ID == "" || !a.Added.Equal(w.clock()) {
		t.Errorf("authenticator %+v, %v", a, err)
	}
	if got := w.events(ledger.Enrolled); len(got) != 1 || got[0].Subject != sam || got[0].Detail["by"] != "cli" {
		t.Errorf("events %+v", got)
	}
	b.get("/enrol/"+token).want(http.StatusNotFound, "This link no longer works")
	second, err := NewEnrolment(t.Context(), w.hub, asha, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b.get("/enrol/"+second).submit("/enrol/"+second+"/card").want(http.StatusUnauthorized, "registered already")
	b.get("/enrol/" + second).want(http.StatusOK) // the link is not spent by a wrong card
	w.wait(2 * time.Hour)
	b.get("/enrol/" + second).want(http.StatusNotFound)
}

func TestEnrolKey(t *testing.T) {
	w := newWorld(t)
	token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	b := w.browser()
	b.get("/enrol/" + token)
	form := b.form("/enrol/" + token + "/key/finish")
	b.once("POST", "/enrol/"+token+"/key/begin", form).want(http.StatusOK)
	form.Set("ceremony", between(b.body, `"ceremony":"`, `"`))
	form.Set("credential", `{"Challenge":"challenge1","UID":"handle-1"}`)
	form.Set("label", "Ward key\u202e 4")
	b.follow("POST", "/enrol/"+token+"/key/finish", form).want(http.StatusOK, "You are set up")
	a, err := w.store.Authenticator(t.Context(), people.FIDO2, "handle-1")
	if err != nil || a.Label != "Ward key 4" {
		t.Errorf("authenticator %+v, %v", a, err)
	}
	if _, err := NewEnrolment(t.Context(), w.hub, "999999999999", "cli", time.Hour); err == nil {
		t.Error("a link for nobody")
	}
}

// TestSecondEnrolmentEndsTheFirst: a link that went astray is made useless by giving the person a new one, also where the first
// was opened already.
func TestSecondEnrolmentEndsTheFirst(t *testing.T) {
	w := newWorld(t)
	link := func(uid string) string {
		token, err := NewEnrolment(t.Context(), w.hub, uid, "cli", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return "/enrol/" + token
	}
	first, theirs := link(sam), link(asha)
	b := w.browser()
	b.get(first).want(http.StatusOK)
	second := link(sam)
	b.insert("new card").submit(first+"/card").want(http.StatusNotFound, "This link no longer works")
	b.get(theirs).want(http.StatusOK)
	b.get(second).submit(second+"/card").want(http.StatusOK, "You are set up")
	if got := w.events(ledger.Enrolled); len(got) != 1 {
		t.Errorf("events %+v", got)
	}
}

func between(s, from, to string) string {
	_, s, _ = strings.Cut(s, from)
	s, _, _ = strings.Cut(s, to)
	return s
}

func TestAppError(t *testing.T) {
	w := newWorld(t)
	b := w.browser()
	b.get("/error?code=AUTHORIZATION_FAILURE&ts=1795421520&rp=board&tid=T-1&ctx=%3Cscript%3Ealert(1)%3C/script%3E").want(http.StatusOK, "does not let you in with your present role", "Ward Whiteboard", "T-1", "&lt;script&gt;", "ra@queen.example").lacks("<script>alert")
	b.get("/error?code=ERRORURL_CODE&ts=ERRORURL_TS&rp=ERRORURL_RP&tid=ERRORURL_TID&ctx=ERRORURL_CTX").want(http.StatusOK, "OTHER_ERROR").lacks("ERRORURL_")
	for _, name := range []string{"code", "ts", "rp", "tid", "ctx"} { // whatever a stranger writes there is text, or nothing
		b.get("/error?code=IDENTIFICATION_FAILURE&"+name+"=%22%3E%3Cscript%3Ealert(1)%3C/script%3E%00%E2%80%AE").want(http.StatusOK).lacks("<script>alert", "\u202e", "\x00")
	}
	b.get("/error?code=IDENTIFICATION_FAILURE&code=x").want(http.StatusOK, "IDENTIFICATION_FAILURE")
	b.get("/error?code=javascript:x").want(http.StatusOK, "OTHER_ERROR").lacks("javascript:x")
}

// TestPagesSpeakOfWhatPeopleHave: phones and computers are named where the configuration hints at them, and nowhere else.
func TestPagesSpeakOfWhatPeopleHave(t *testing.T) {
	for device, hints := range map[string][]string{
		"security key": {"security-key"}, "security key or phone": {"hybrid", "security-key"}, "security key or computer": {"client-device"},
		"security key, phone or computer": {"security-key", "hybrid", "client-device"},
	} {
		w := newWorld(t)
		w.pages.KeyHints = hints
		token, err := NewEnrolment(t.Context(), w.hub, sam, "cli", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		for path, verb := range map[string]string{"/signin": "Use your ", "/enrol/" + token: "Register a "} {
			b := w.browser().get(path).want(http.StatusOK, ">"+verb+device+"</button>")
			if strings.Contains(b.body, "scan the code") != strings.Contains(device, "phone") || strings.Contains(b.body, "Or this computer") != strings.Contains(device, "computer") {
				t.Errorf("%v: the words of %s do not fit", hints, path)
			}
		}
	}
}

// TestStaffNumber: it is asked for, and heeded, only where the configuration says so.
func TestStaffNumber(t *testing.T) {
	w := newWorld(t)
	for number, on := range map[string]bool{"": false, "555123456701": true} {
		w.pages.StaffNumbers = on
		b := w.browser().get("/signin")
		if strings.Contains(b.body, `name="staff"`) != on {
			t.Errorf("numbers are used: %t, and the page asks for one: %t", on, !on)
		}
		form := b.form("/signin/key/finish")
		form.Set("staff", " 555 1234 56701 ")
		b.once("POST", "/signin/key/begin", form).want(http.StatusOK, "challenge")
		if got := w.keys.named[len(w.keys.named)-1]; got != number {
			t.Errorf("the ceremony is of %q, want %q", got, number)
		}
	}
}
