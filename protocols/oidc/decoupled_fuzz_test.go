package oidc

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/trust"
)

// FuzzUserCode: whatever is typed is a code of 8 letters or none, and reads the same when it is printed.
func FuzzUserCode(f *testing.F) {
	for _, s := range []string{"BCDF-GHJK", "bcdf ghjk", "bcdfghj", "BCDF\u2013GHJK", "ABCDEFGH", "<script>", "\xff\xfe"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := readUserCode(typed)
		if code == "" {
			return
		}
		if len(code) != userCodeLength || strings.Trim(code, userCodeLetters) != "" || readUserCode(printUserCode(code)) != code || readUserCode(strings.ToLower(code)) != code {
			t.Fatalf("%q is read as %q", typed, code)
		}
	})
}

// FuzzDeviceForm: a form never approves by itself, and never answers but with a page or the way to sign in.
func FuzzDeviceForm(f *testing.F) {
	w := newDecoupledWorld(f)
	d := w.device("tv")
	b := w.browser()
	b.code("basic")
	good := b.get(devicePath).hidden("user_code", d.UserCode)
	b.c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	f.Add(devicePath, good.Encode())
	f.Add(approvePath, good.Encode()+"&tx=x&v=y&answer=approve")
	f.Add(approvalsPath, good.Encode()+"&request=x&answer=approve")
	f.Fuzz(func(t *testing.T, path, body string) {
		if path != devicePath && path != approvePath && path != approvalsPath {
			return
		}
		values, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		w.p.later.wrongCodes = tries{}
		res, err := b.c.PostForm(issuer+path, values)
		got := read(t, res, err)
		if got.to != nil && got.to.Path != "/signin" || got.status >= http.StatusInternalServerError {
			t.Fatalf("%d to %v", got.status, got.to)
		}
		if strings.Contains(got.body, "You approved") {
			t.Fatal("approved")
		}
	})
}

// FuzzBackchannel: whatever the form, what is kept names one person who may sign in, has the scope openid and lives for ten minutes at most.
func FuzzBackchannel(f *testing.F) {
	w := newDecoupledWorld(f)
	own := w.tokens(w.redeem("basic", w.browser().code("basic")))
	f.Add("scope=openid&login_hint=" + nurse + "&binding_message=W4SCT&requested_expiry=60&acr_values=AAL3_ANY")
	f.Add("scope=openid&id_token_hint=" + own.ID)
	f.Add("request=" + w.authentication("till", nil))
	f.Add("scope=openid&login_hint=1&login_hint_token=x&resource=y&resource=z")
	till, err := w.p.partner("till")
	must(f, err)
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := readQuery(raw)
		if err != nil || once(values) != nil {
			return
		}
		omitEmpty(values)
		answer, err := w.p.keepBackchannel(t.Context(), caller{client: till}, values)
		if err != nil {
			return
		}
		list, err := w.p.waitingFor(t.Context(), nurse)
		must(t, err)
		if len(list) != 1 || answer.Expires <= 0 || answer.Expires > 600 {
			t.Fatalf("%+v, %d wait", answer, len(list))
		}
		d := list[0]
		if d.Client != "till" || len(d.Scopes) == 0 || len([]rune(d.Message)) > maxMessage || !till.terms.May(trust.GrantCIBA) {
			t.Fatalf("kept %+v", d)
		}
		writes, err := d.decide(nil, w.clock())
		must(t, err)
		must(t, w.store.Commit(t.Context(), writes...))
	})
}
