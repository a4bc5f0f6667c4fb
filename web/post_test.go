package web

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
)

// rendered is the page as the template makes it.
func rendered(t *testing.T, k *Kit, data postPage, title, ref string) string {
	t.Helper()
	var buf bytes.Buffer
	if err := k.pages.byName["post"].Execute(&buf, k.view(bridge.Browser{}, ref, data.who, title, data, PageOptions{})); err != nil {
		t.Fatal(err)
	}
	return buf.String()
}

// TestPostPageEqualsTheTemplate holds for anything that a partner, its metadata or a browser can put into it.
func TestPostPageEqualsTheTemplate(t *testing.T) {
	k, _ := newKit(t)
	hostile := []string{
		"", "plain", `"><script>alert(1)</script>`, "'&amp;+<>\x00\xff\xfe", "{{.Title}}", slotValue, slotName, slotTitle, slotAction + slotRef,
		"\u2028 \r\n\t`", strings.Repeat("PHN+L/+=", 900), "Ærø 診療",
	}
	for _, a := range hostile {
		for _, b := range hostile {
			data := postPage{"https://sp.example:8443/acs-1.aspx/x?a=b", a, []Field{{"SAMLResponse", b}, {a, b}, {"RelayState", a}}, ""}
			if !strings.Contains(a+b, "\n") {
				data.who = a + "\n" + b + "\n" + a
			}
			got, ok := k.pastePost(data, "Continue to "+b, "AB12CD34")
			if !ok {
				t.Fatalf("%q, %q: not pasted", a, b)
			}
			if want := rendered(t, k, data, "Continue to "+b, "AB12CD34"); string(got) != want {
				t.Fatalf("%q, %q:\n%s\nwant\n%s", a, b, got, want)
			}
		}
	}
	none := postPage{"https://sp.example/", "x", nil, "Asha"}
	if got, ok := k.pastePost(none, "x", "r"); !ok || string(got) != rendered(t, k, none, "x", "r") {
		t.Errorf("without fields: %s", got)
	}
}

// TestPostPageLeavesAddressesToTheTemplate: only its escapers know what to do about these.
func TestPostPageLeavesAddressesToTheTemplate(t *testing.T) {
	k, _ := newKit(t)
	for _, action := range []string{"", "javascript:alert(1)", "//sp.example/", "https://sp.example/a b", "https://sp.example/?a=1&b=2", `https://sp.example/"`, "https://sp.example/\u00e6"} {
		if _, ok := k.pastePost(postPage{Action: action}, "t", "r"); ok {
			t.Errorf("%q was pasted", action)
		}
		rec := httptest.NewRecorder()
		k.PostPage(rec, httptest.NewRequest(http.MethodGet, "/", nil), "", action, "App", Field{"a", "b"})
		if body := rec.Body.String(); !strings.Contains(body, `value="b"`) || strings.Contains(body, `action="javascript`) {
			t.Errorf("%q: %s", action, body)
		}
	}
}

// BenchmarkPostPage compares the pasted page with the template's.
func BenchmarkPostPage(b *testing.B) {
	k, _ := newKit(b)
	data := postPage{"https://sp.example/acs", "Pathology", []Field{{"SAMLResponse", strings.Repeat("PHN+L/+=", 1000)}, {"RelayState", "x"}}, "Dr Asha Example\nNurse\nHospital"}
	b.Run("pasted", func(b *testing.B) {
		for b.Loop() {
			if _, ok := k.pastePost(data, "Continue to Pathology", "AB12CD34"); !ok {
				b.Fatal("not pasted")
			}
		}
	})
	b.Run("template", func(b *testing.B) {
		for b.Loop() {
			var buf bytes.Buffer
			if err := k.pages.byName["post"].Execute(&buf, k.view(bridge.Browser{}, "AB12CD34", data.who, "Continue to Pathology", data, PageOptions{})); err != nil {
				b.Fatal(err)
			}
		}
	})
}
